// How worried one should be. A level colours things; words and shapes say the same beside it.
const BARE_DANGER = 0.03;
const BARE_WATCH = 0.08;
const NEAR_TRIGGER = 1.5;

/** `safe`, `watch` or `danger` for a position at `distance`; `unknown` without one. */
export const levelOf = (distance, trigger) => {
  if (distance === null || distance === undefined) return "unknown";
  const danger = trigger ?? BARE_DANGER;
  const watch = trigger === null || trigger === undefined ? BARE_WATCH : trigger * NEAR_TRIGGER;
  if (distance <= danger) return "danger";
  return distance <= watch ? "watch" : "safe";
};

/** `buy` profits when the price rises, `sell` when it falls. */
export const distanceAt = (side, price, liquidation) =>
  price > 0 ? Math.max(0, ((price - liquidation) * (side === "sell" ? -1 : 1)) / price) : 0;
