// A native modal dialog whose being open is decided by the page's state.
import { useEffect, useId, useRef } from "react";

import { Icon } from "./icon.jsx";
import { useText } from "./text.js";

/** Content exists only while it is open, so every opening starts with fresh fields. */
export function Dialog({ open, heading, tone = "", onLeave, children }) {
  const t = useText();
  const box = useRef(null);
  const title = useId();
  useEffect(() => {
    if (open && !box.current.open) box.current.showModal();
    if (!open && box.current.open) box.current.close();
  }, [open]);
  const closed = () => open && onLeave?.();
  const outside = (event) => event.target === box.current && box.current.close();
  return (
    <dialog ref={box} className="dialog" aria-labelledby={title} onClose={closed} onMouseDown={outside}>
      {open && (
        <div className="p-4 sm:p-6 grid gap-5">
          <header className="flex items-start justify-between gap-4">
            <h2 id={title} className={`text-20 font-semibold ${tone}`}>{heading}</h2>
            <button type="button" className="button button-quiet button-icon -m-1.5" aria-label={t("Close this window")} onClick={() => box.current.close()}>
              <Icon name="close" />
            </button>
          </header>
          {children}
        </div>
      )}
    </dialog>
  );
}
