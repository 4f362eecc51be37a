/** Light, dark, or as the system has it. `data-theme` on the root element is what the styles read. */
import { Choice } from "../text/choice";

export type Theme = "system" | "light" | "dark";

export const themeChoice = new Choice<Theme>("theme", ["system", "light", "dark"], () => "system");

/** Keeps the root element in step with the choice and the system. Called once, before the first picture. */
export function applyTheme(): void {
  const light = matchMedia("(prefers-color-scheme: light)");
  const apply = () => {
    const chosen = themeChoice.get();
    document.documentElement.dataset["theme"] = chosen === "system" ? (light.matches ? "light" : "dark") : chosen;
  };
  light.addEventListener("change", apply);
  themeChoice.subscribe(apply);
  apply();
}
