import { Link } from "react-router";
import { Empty } from "./Empty";

export function NotFound() {
  return (
    <Empty title="There is no page here">
      <p>The address may be mistyped, or the page may have moved.</p>
      <Link className="button" to="/live">
        Go to Live
      </Link>
    </Empty>
  );
}
