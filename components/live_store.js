// The one socket of a tab for everything that moves: price, distance, profit and loss.
//
// Keeps the last value and says how fresh it is; a lost connection never blanks a number. Opens with
// the first listener, rests while the tab is hidden, retries with growing, jittered pauses.
import { useSyncExternalStore } from "react";

import { useNow } from "./clock.js";

const PATH = "/ws/v1";
const FIRST_PAUSE = 250;
const LONGEST_PAUSE = 10000;
const SIGNED_OUT = 4401;
export const STALE_AFTER = 10000;

const EMPTY = {
  connection: "connecting", // connecting | open | lost | signed-out
  skew: 0, // server clock minus ours
  market: null,
  price: null,
  direction: 0,
  at: null,
  positions: {},
  changes: 0, // grows whenever positions or decisions may be others than before
};

const listeners = new Set();
let state = EMPTY;
let socket = null;
let failures = 0;
let timer = 0;

const publish = (changes) => {
  state = { ...state, ...changes };
  listeners.forEach((listener) => listener());
};

const towards = (price) =>
  state.price === null || price === null || price === state.price
    ? state.direction
    : Math.sign(price - state.price);

const readers = {
  snapshot: (message) => {
    const again = state.connection === "lost";
    failures = 0;
    publish({
      changes: state.changes + (again ? 1 : 0),
      connection: "open",
      skew: message.now - Date.now(),
      market: message.market,
      price: message.market.price,
      direction: 0,
      at: message.market.at,
      positions: message.positions,
    });
  },
  tick: (message) =>
    publish({
      price: message.price,
      direction: towards(message.price),
      at: message.at,
      positions: message.positions,
    }),
  changed: () => publish({ changes: state.changes + 1 }),
};

const receive = (event) => {
  const message = JSON.parse(event.data);
  readers[message.type]?.(message);
};

const close = () => {
  clearTimeout(timer);
  const old = socket;
  socket = null;
  old?.close();
};

const lost = (closed, code) => {
  if (closed !== socket) return;
  socket = null;
  publish({ connection: code === SIGNED_OUT ? "signed-out" : "lost" });
  if (code === SIGNED_OUT) return;
  const pause = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** failures) * (0.5 + Math.random() / 2);
  failures += 1;
  timer = setTimeout(open, pause);
};

function open() {
  clearTimeout(timer);
  if (socket || document.hidden || listeners.size === 0) return;
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  const opened = new WebSocket(`${scheme}//${location.host}${PATH}`);
  socket = opened;
  opened.onmessage = (event) => opened === socket && receive(event);
  opened.onclose = (event) => lost(opened, event.code);
}

const onVisibility = () => (document.hidden ? close() : open());

/** Call `listener` after every change; the first one opens the socket, the last one closes it. */
export const subscribe = (listener) => {
  listeners.add(listener);
  if (listeners.size === 1) {
    document.addEventListener("visibilitychange", onVisibility);
    open();
  }
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    document.removeEventListener("visibilitychange", onVisibility);
    close();
  };
};

export const current = () => state;

/** What `select` picks from the store; renders again only when that changes. */
export const useLive = (select) =>
  useSyncExternalStore(
    subscribe,
    () => select(state),
    () => select(EMPTY),
  );

/** Milliseconds since the last price, by the server's clock; null before the first. */
export const ageAt = (now, { at, skew } = state) => (at === null ? null : Math.max(0, now + skew - at));

/** `connecting`, `lost`, `waiting`, `ended`, `stale` or `live`: what the numbers are worth now. */
export const freshness = (now, live = state) => {
  if (live.connection !== "open") return live.connection;
  if (live.market?.state === "ended") return "ended";
  const age = ageAt(now, live);
  if (age === null) return "waiting";
  return live.market?.state === "stale" || age > STALE_AFTER ? "stale" : "live";
};

/** How fresh the numbers are; renders again when that changes. */
export const useFreshness = () => {
  const now = useNow();
  return useLive((live) => freshness(now, live));
};
