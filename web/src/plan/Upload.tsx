import { Upload as UploadIcon } from "lucide-react";
import { useQueryClient } from "@tanstack/react-query";
import { useRef } from "react";
import { Problem, useAct } from "../security/parts";
import { usePlace } from "../shell/stores";
import { LARGEST_PICTURE, PICTURE_TYPES, planQuery, putPlanPicture } from "./endpoints";
import { t } from "./texts";

/** Chooses a picture of the floor and uploads it. */
export function Upload({ first, disabled = false, done }: { first: boolean; disabled?: boolean; done?: () => void }) {
  const { store } = usePlace();
  const client = useQueryClient();
  const input = useRef<HTMLInputElement>(null);
  const { busy, error, run } = useAct();
  const upload = (file: File | undefined) => {
    if (!file) return;
    void run(async () => {
      if (!PICTURE_TYPES.includes(file.type)) throw new Error(t("notAPicture"));
      if (file.size > LARGEST_PICTURE) throw new Error(t("tooLarge"));
      client.setQueryData(planQuery(store.id).queryKey, await putPlanPicture(store.id, file));
      done?.();
    });
  };
  return (
    <>
      <input
        ref={input}
        type="file"
        accept={PICTURE_TYPES.join()}
        className="visually-hidden"
        tabIndex={-1}
        aria-label={t("upload")}
        data-testid="plan-file"
        onChange={({ target }) => {
          upload(target.files?.[0]);
          target.value = ""; // the same file can be tried again
        }}
      />
      <button type="button" className={first ? "button button-primary" : "button"} disabled={busy || disabled} onClick={() => input.current?.click()} data-testid="plan-upload">
        <UploadIcon size={16} aria-hidden="true" />
        {busy ? t("uploading") : first ? t("upload") : t("another")}
      </button>
      <Problem sentence={error} testId="plan-upload-error" />
    </>
  );
}
