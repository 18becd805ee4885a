// One timer for every age and countdown on the page.
import { useSyncExternalStore } from "react";

const listeners = new Set();
let now = 0;
let timer = 0;

const beat = () => {
  now = Date.now();
  listeners.forEach((listener) => listener());
};

const subscribe = (listener) => {
  listeners.add(listener);
  if (listeners.size === 1) {
    now = Date.now();
    timer = setInterval(beat, 1000);
  }
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) clearInterval(timer);
  };
};

/** The current time in milliseconds, new every second; 0 while prerendering. */
export const useNow = () =>
  useSyncExternalStore(
    subscribe,
    () => now || (now = Date.now()),
    () => 0,
  );
