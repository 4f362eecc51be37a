/** Counts beside each other: a bar and its figure each. */
export function Bars({ label, bars }: { label: string; bars: [string, number][] }) {
  const most = Math.max(1, ...bars.map(([, count]) => count));
  return (
    <figure className="bars">
      <figcaption>{label}</figcaption>
      <ol>
        {bars.map(([name, count]) => (
          <li key={name} title={`${name}: ${count}`}>
            <span className="bars-count">{count > 0 ? count : ""}</span>
            <span className="bars-bar" style={{ height: `${(count / most) * 90}px` }} />
            <small>{name}</small>
          </li>
        ))}
      </ol>
    </figure>
  );
}
