// What just happened, said once at the edge of the screen and to screen readers.
import { useEffect, useState } from "react";

import { Icon } from "./icon.jsx";
import { useText } from "./text.js";

const STAY = 8000;
const ICONS = { safe: "check", danger: "danger", info: "protect" };

/** Shows `text` whenever `number` grows; problems stay until dismissed. */
export function Notice({ text, level = "info", number = 0 }) {
  const t = useText();
  const [hidden, setHidden] = useState(0);
  useEffect(() => {
    if (!number || level === "danger") return undefined;
    const timer = setTimeout(() => setHidden(number), STAY);
    return () => clearTimeout(timer);
  }, [number, level]);
  const shown = text && number > hidden;
  return (
    <div className="notice-region" role="status" aria-live={level === "danger" ? "assertive" : "polite"}>
      {shown && (
        <div className={`notice level-${level}`}>
          <Icon name={ICONS[level]} className="text-level mt-0.5" />
          <p className="text-14 min-w-0">{text}</p>
          <button type="button" className="button button-quiet button-icon -m-2" aria-label={t("Dismiss")} onClick={() => setHidden(number)}>
            <Icon name="close" size={16} />
          </button>
        </div>
      )}
    </div>
  );
}
