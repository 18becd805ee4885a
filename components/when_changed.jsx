// Tells the page's state to read again, at most a few times a second however much happens.
import { useEffect } from "react";

import { current, subscribe } from "./live_store.js";

const PAUSE = 300;

export function WhenChanged({ onChanged }) {
  useEffect(() => {
    let seen = current().changes;
    let timer = 0;
    const tell = () => {
      timer = 0;
      onChanged();
    };
    const stop = subscribe(() => {
      if (current().changes === seen) return;
      seen = current().changes;
      timer ||= setTimeout(tell, PAUSE);
    });
    return () => {
      clearTimeout(timer);
      stop();
    };
  }, [onChanged]);
  return null;
}
