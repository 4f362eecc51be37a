import { ShieldAlert, ShieldCheck } from "lucide-react";
import { useState } from "react";
import { beginTotp, confirmTotp, newRecoveryCodes, removeTotp } from "../api/security";
import type { Enrolment, Security } from "../api/types";
import { AskPassword, CodeField, Problem, RecoveryCodes, useAct } from "./parts";
import { t } from "./texts";

type Step = "state" | "begin" | "codes" | "remove" | "renew";

/** Enrol an authenticator app, renew recovery codes, or remove both. */
export function SecondFactor({ security, changed, first = "state" }: { security: Security; changed: () => void; first?: Step }) {
  const [step, setStep] = useState<Step>(first);
  const [enrolment, setEnrolment] = useState<Enrolment | null>(null);
  const [code, setCode] = useState("");
  const [codes, setCodes] = useState<string[]>([]);
  const { busy, error, run } = useAct();
  const enrolled = security.second_factor === "enrolled";
  const begin = (password: string) => void run(async () => setEnrolment(await beginTotp(password)));
  const confirm = () =>
    void run(async () => {
      setCodes((await confirmTotp(code)).codes);
      setEnrolment(null);
      setCode("");
      setStep("codes");
    });
  const renew = (password: string) =>
    void run(async () => {
      setCodes((await newRecoveryCodes(password)).codes);
      setStep("codes");
    });
  const remove = (password: string) =>
    void run(async () => {
      await removeTotp(password);
      setStep("state");
      changed();
    });
  const cancel = () => (setEnrolment(null), setCode(""), setStep("state"));
  return (
    <div className="stack">
      <p className="factor-state" data-state={security.second_factor} data-testid="factor-state">
        {enrolled ? <ShieldCheck size={18} aria-hidden="true" /> : <ShieldAlert size={18} aria-hidden="true" />}
        {enrolled
          ? t("onOf10RecoveryCodesLeft", { recoveryCodesLeft: security.recovery_codes_left })
          : security.second_factor_required
            ? t("offAndYourRoleNeedsIt")
            : t("offAPasswordAloneOpensYour")}
      </p>
      {step === "state" && (
        <div className="form-actions">
          {!enrolled && (
            <button type="button" className="button button-primary" onClick={() => setStep("begin")} data-testid="totp-begin">
              {t("setUpAnAuthenticatorApp")}
            </button>
          )}
          {enrolled && (
            <>
              <button type="button" className="button" onClick={() => setStep("renew")} data-testid="codes-renew">
                {t("newRecoveryCodes")}
              </button>
              <button type="button" className="button button-quiet" onClick={() => setStep("remove")} data-testid="totp-remove">
                {t("remove")}
              </button>
            </>
          )}
        </div>
      )}
      {step === "begin" && !enrolment && (
        <AskPassword label={t("yourPassword")} act={t("continue")} needed={security.has_password} busy={busy} testId="totp-continue" onAct={begin} {...(first === "begin" ? {} : { onCancel: cancel })} />
      )}
      {step === "begin" && enrolment && <Scan enrolment={enrolment} code={code} change={setCode} busy={busy} confirm={confirm} cancel={cancel} />}
      {step === "renew" && <AskPassword label={t("yourPassword")} act={t("makeNewCodes")} needed={security.has_password} busy={busy} testId="codes-make" onAct={renew} onCancel={cancel} />}
      {step === "remove" && (
        <AskPassword label={t("yourPassword")} act={t("removeTheSecondFactor")} danger needed={security.has_password} busy={busy} testId="totp-remove-now" onAct={remove} onCancel={cancel} />
      )}
      {step === "codes" && (
        <RecoveryCodes
          codes={codes}
          done={() => {
            setCodes([]);
            setStep("state");
            changed();
          }}
        />
      )}
      <Problem sentence={error} testId="factor-error" />
    </div>
  );
}

interface ScanProps {
  enrolment: Enrolment;
  code: string;
  change: (code: string) => void;
  busy: boolean;
  confirm: () => void;
  cancel: () => void;
}

function Scan({ enrolment, code, change, busy, confirm, cancel }: ScanProps) {
  const spaced = enrolment.secret.match(/.{1,4}/g)?.join(" ");
  return (
    <form
      className="scan"
      onSubmit={(event) => {
        event.preventDefault();
        confirm();
      }}
    >
      <img src={enrolment.picture} alt={t("qrCodeForYourAuthenticatorApp")} data-testid="totp-picture" />
      <div className="stack">
        <p>{t("scanThisWithAnAuthenticatorApp")}</p>
        <code className="secret" data-testid="totp-secret" data-secret={enrolment.secret}>
          {spaced}
        </code>
        <CodeField value={code} change={change} testId="totp-code" />
        <div className="form-actions">
          <button type="submit" className="button button-primary" data-testid="totp-confirm" disabled={busy || code.trim().length < 6}>
            {busy ? t("checking") : t("turnOn")}
          </button>
          <button type="button" className="button button-quiet" onClick={cancel}>
            {t("cancel")}
          </button>
        </div>
      </div>
    </form>
  );
}
