import { Printer, Upload } from "lucide-react";
import { useEffect, useState } from "react";
import { sentenceFor } from "../api/problem";
import { useLoad } from "../shell/hooks";
import { usePlace } from "../shell/stores";
import { addSignPhoto, makeSign, signPhoto, type Standing, type Switch } from "./endpoints";
import { SWITCH_WORDS, SWITCHES, today } from "./words";
import { t } from "./texts";

const LANGUAGES: Record<string, string> = { en: "English", es: "Español", fr: "Français", de: "Deutsch", zh: "中文" };

/** Print the sign, hang it, photograph it. */
export function Sign({ policy, write, onChanged }: { policy: Standing; write: boolean; onChanged: () => void }) {
  const { store } = usePlace();
  const proposed = policy.proposal ?? policy.current;
  const [language, setLanguage] = useState("en");
  const [shown, setShown] = useState<Switch[]>(() => chosen(proposed.switches));
  const [notice, setNotice] = useState(proposed.papers.notice_text);
  const [takenOn, setTakenOn] = useState(today);
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const preview = useLoad(write ? `sign ${store.id} ${language} ${shown.join()} ${notice}` : null, async () => URL.createObjectURL(await makeSign(store.id, language, shown, notice)));
  const sign = preview.value;
  useEffect(() => () => (sign ? URL.revokeObjectURL(sign) : undefined), [sign]);
  const photo = policy.sign_photo;
  const picture = useLoad(photo ? `sign photo ${photo.id}` : null, async () => URL.createObjectURL(await signPhoto(store.id, photo?.id ?? "")));
  const upload = async (file: File | undefined) => {
    if (!file) return;
    setBusy(true);
    setError(null);
    try {
      await addSignPhoto(store.id, takenOn, file);
      onChanged();
    } catch (reason) {
      setError(sentenceFor(reason));
    }
    setBusy(false);
  };
  return (
    <div className="sign-columns">
      {write && (
        <div className="sign-make">
          <div className="sign-choices">
            <label className="field">
              <span>{t("language")}</span>
              <select value={language} onChange={({ target }) => setLanguage(target.value)}>
                {Object.entries(LANGUAGES).map(([code, name]) => (
                  <option key={code} value={code}>
                    {name}
                  </option>
                ))}
              </select>
            </label>
            <fieldset className="checks">
              <legend>{t("theSignTellsOf")}</legend>
              {SWITCHES.map((each) => (
                <label key={each}>
                  <input type="checkbox" checked={shown.includes(each)} onChange={({ target }) => setShown(SWITCHES.filter((other) => (other === each ? target.checked : shown.includes(other))))} />
                  {SWITCH_WORDS[each].name}
                </label>
              ))}
            </fieldset>
            <label className="field">
              <span>{t("yourOwnWords")}</span>
              <textarea rows={3} maxLength={600} value={notice} onChange={({ target }) => setNotice(target.value)} placeholder={t("whoRunsTheCamerasWhyAnd")} />
              <small>{t("bestTheNoticeOfStep4")}</small>
            </label>
            <a className="button button-primary" href={sign ?? undefined} download={`sign-${language}.svg`} aria-disabled={!sign} data-testid="sign-download">
              <Printer size={16} aria-hidden="true" />
              {t("downloadTheSignToPrint")}
            </a>
            {preview.error && <p className="form-error">{preview.error}</p>}
          </div>
          {sign && <img className="sign-preview" src={sign} alt={t("theSign")} data-testid="sign-preview" />}
        </div>
      )}
      <div className="sign-photo">
        {photo && picture.value ? (
          <figure>
            <img src={picture.value} alt={t("theSignAsItHangs")} />
            <figcaption>{t("photoOfItCountsForA", { takenOn: photo.taken_on })}</figcaption>
          </figure>
        ) : (
          <p className="quiet">{t("noPhotoOfTheSignYet")}</p>
        )}
        {write && (
          <div className="sign-upload">
            <label className="field">
              <span>{t("takenOn")}</span>
              <input type="date" value={takenOn} max={today()} onChange={({ target }) => setTakenOn(target.value)} />
            </label>
            <label className="button" aria-disabled={busy}>
              <Upload size={16} aria-hidden="true" />
              {busy ? t("uploading") : t("uploadAPhoto")}
              <input type="file" accept="image/jpeg,image/png" className="visually-hidden" disabled={busy} onChange={({ target }) => void upload(target.files?.[0])} data-testid="sign-photo" />
            </label>
          </div>
        )}
        {error && (
          <p className="form-error" role="alert">
            {error}
          </p>
        )}
      </div>
    </div>
  );
}

/** Before anything is proposed a sign is most often for faces. */
function chosen(switches: Standing["current"]["switches"]): Switch[] {
  const on = SWITCHES.filter((each) => switches[each]);
  return on.length ? on : ["face"];
}
