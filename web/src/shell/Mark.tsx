/** The product's mark: a shield around a coin. */
export function Mark({ size }: { size: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" fill="none" aria-hidden="true">
      <path d="M16 3.500 26.500 7.500v7.700c0 6.300-4.200 10.900-10.500 13.300C9.700 26.100 5.500 21.500 5.500 15.200V7.500z" stroke="currentColor" strokeWidth="2.200" strokeLinejoin="round" />
      <circle cx="16" cy="15" r="5" stroke="currentColor" strokeWidth="2.200" />
      <circle cx="16" cy="15" r="1.500" fill="currentColor" />
    </svg>
  );
}
