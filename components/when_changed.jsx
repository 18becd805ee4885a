// Tells the page's state to read again: at once, then at most a few times a second.
import { useEffect } from "react";

import { current, subscribe } from "./live_store.js";

const PAUSE = 250;

export function WhenChanged({ onChanged }) {
  useEffect(() => {
    let seen = current().changes;
    let told = 0;
    let timer = 0;
    const tell = () => {
      timer = 0;
      told = Date.now();
      onChanged();
    };
    const stop = subscribe(() => {
      if (current().changes === seen) return;
      seen = current().changes;
      timer ||= setTimeout(tell, Math.max(0, told + PAUSE - Date.now()));
    });
    return () => {
      clearTimeout(timer);
      stop();
    };
  }, [onChanged]);
  return null;
}
