import { NotFound } from "../shell/NotFound";
import { usePlace } from "../shell/stores";
import type { AdministrationPage } from "./pages";

/** The page, for those who may use it; for the others there is no such page. */
export function Administered({ page: { needs, page: Page } }: { page: AdministrationPage }) {
  const { may } = usePlace();
  return needs.some(may) ? <Page /> : <NotFound />;
}
