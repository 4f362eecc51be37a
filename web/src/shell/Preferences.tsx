import { Settings2 } from "lucide-react";
import { useSyncExternalStore } from "react";
import { Menu, MenuChoice } from "../parts/Menu";
import { choosePreferences } from "../api/endpoints";
import { LANGUAGES, languageChoice, type Language } from "../text/language";
import { soundChoice } from "../alerts/sound";
import { themeChoice } from "./theme";
import { t } from "./texts";

/** At once here; where the service cannot keep it, it still holds in this browser. */
function chooseLanguage(chosen: Language): void {
  void choosePreferences(chosen).catch(() => undefined);
  languageChoice.set(chosen);
}

/** Language, colours and sounds of this browser. */
export function Preferences() {
  const language = useSyncExternalStore(languageChoice.subscribe, languageChoice.get);
  const sound = useSyncExternalStore(soundChoice.subscribe, soundChoice.get);
  const theme = useSyncExternalStore(themeChoice.subscribe, themeChoice.get);
  return (
    <Menu
      label={t("preferences")}
      trigger={
        <button type="button" className="icon-button" aria-label={t("preferences")} title={t("preferences")} data-testid="preferences">
          <Settings2 size={18} aria-hidden="true" />
        </button>
      }
    >
      <MenuChoice title={t("language")} of={LANGUAGES} value={language} choose={chooseLanguage} />
      <MenuChoice
        title={t("theme")}
        of={{ system: t("system"), light: t("light"), dark: t("dark") }}
        value={theme}
        choose={(chosen) => themeChoice.set(chosen)}
      />
      <MenuChoice title={t("sound")} of={{ all: t("soundAll"), high: t("soundHigh"), off: t("soundOff") }} value={sound} choose={(chosen) => soundChoice.set(chosen)} />
    </Menu>
  );
}
