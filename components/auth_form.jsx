// Name and password, for the first account and for signing in.
import { useId, useRef, useState } from "react";

import { Icon } from "./icon.jsx";
import { arriveAt, post } from "./session.js";
import { useText } from "./text.js";

const MODES = {
  setup: { path: "/api/v1/auth/setup", next: "/start/", autocomplete: "new-password" },
  signIn: { path: "/api/v1/auth/sign-in", next: "/", autocomplete: "current-password" },
};
const SHORTEST = 10;

const Password = ({ autoComplete, describedBy, minLength }) => {
  const t = useText();
  const id = useId();
  const [shown, setShown] = useState(false);
  return (
    <div className="field">
      <label className="field-label" htmlFor={id}>{t("Password")}</label>
      <div className="input-group">
        <input
          id={id} name="password" className="input" required maxLength={1024} minLength={minLength}
          type={shown ? "text" : "password"} autoComplete={autoComplete}
          aria-describedby={describedBy} autoCapitalize="off" spellCheck="false"
        />
        <button
          type="button" className="button button-quiet button-icon input-action" aria-pressed={shown}
          aria-label={t("Show the password")} onClick={() => setShown(!shown)}
        >
          <Icon name={shown ? "hidden" : "eye"} />
        </button>
      </div>
    </div>
  );
};

/** `mode` is `setup` (creates the owner) or `signIn`. */
export function AuthForm({ mode }) {
  const t = useText();
  const { path, next, autocomplete } = MODES[mode];
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const sending = useRef(false);
  const id = useId();
  const setup = mode === "setup";

  const submit = async (event) => {
    event.preventDefault();
    if (sending.current) return;
    sending.current = true;
    setBusy(true);
    setProblem("");
    const { name, password } = Object.fromEntries(new FormData(event.currentTarget));
    const failed = await post(path, { name: name.trim(), password }, t("Axisor does not answer. Check that it is running, then try again."));
    if (!failed) return arriveAt(next);
    setProblem(failed);
    setBusy(false);
    sending.current = false;
  };

  return (
    <form onSubmit={submit} className="grid gap-4" aria-busy={busy}>
      <div className="field">
        <label className="field-label" htmlFor={`${id}n`}>{t("Name or e-mail")}</label>
        <input
          id={`${id}n`} name="name" className="input" required maxLength={254}
          autoComplete="username" autoCapitalize="off" spellCheck="false" aria-describedby={`${id}p`}
        />
      </div>
      <Password autoComplete={autocomplete} describedBy={`${id}p ${id}h`} minLength={setup ? SHORTEST : undefined} />
      {setup && <p id={`${id}h`} className="field-hint">{t("At least {count} characters. It stays on this machine.", { count: SHORTEST })}</p>}
      <div id={`${id}p`} role="alert">
        {problem && <p className="problem"><Icon name="danger" className="text-danger mt-0.5" />{problem}</p>}
      </div>
      <button className="button button-primary button-wide" disabled={busy}>
        {setup ? t("Create owner account") : t("Sign in")}
      </button>
    </form>
  );
}

/** Ends the session on the server, then forgets everything the page knows. */
export function SignOut() {
  const t = useText();
  const leave = async () => {
    await post("/api/v1/auth/sign-out", {}, "");
    arriveAt("/sign-in/");
  };
  return (
    <button type="button" className="button button-wide" onClick={leave}>
      <Icon name="leave" />
      {t("Sign out")}
    </button>
  );
}
