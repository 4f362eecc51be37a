import { Mark } from "./Mark";

export function Splash() {
  return (
    <div className="splash" role="status" aria-label="Loading">
      <Mark size={44} />
    </div>
  );
}
