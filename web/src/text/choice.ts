/** One choice of few, kept in this browser and heard of by whoever asked. */
export class Choice<T extends string> {
  private readonly listeners = new Set<() => void>();
  private chosen: T | null = null;

  constructor(
    private readonly name: string,
    private readonly of: readonly T[],
    private readonly initial: () => T,
  ) {}

  get = (): T => (this.chosen ??= this.kept() ?? this.initial());

  set(value: T): void {
    this.chosen = value;
    try {
      localStorage.setItem(`pennyprotect.${this.name}`, value);
    } catch {
      // Private windows may refuse; the choice then lasts as long as the page.
    }
    this.listeners.forEach((listener) => listener());
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  private kept(): T | null {
    try {
      const value = localStorage.getItem(`pennyprotect.${this.name}`) as T | null;
      return value !== null && this.of.includes(value) ? value : null;
    } catch {
      return null;
    }
  }
}
