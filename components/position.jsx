// The live numbers of one position.
import { useLive } from "./live_store.js";
import { percent, sats, useText } from "./text.js";

/** Profit or loss in sats, and below it as a share of the margin. Never jumps in width. */
export function ProfitView({ value, margin }) {
  const t = useText();
  const tone = value > 0 ? "text-up" : value < 0 ? "text-down" : "text-text";
  return (
    <p className={`${tone} contents`}>
      <span className="profit text-16 font-semibold">{t("{amount} sats", { amount: sats(value, { sign: true }) })}</span>
      <span className="profit-share text-13">{margin > 0 ? percent((value ?? 0) / margin, { sign: true }) : "\u00a0"}</span>
    </p>
  );
}

export function Profit({ positionId, value, margin }) {
  const live = useLive((state) => state.positions[positionId]?.pl ?? null);
  return <ProfitView value={live ?? value} margin={margin} />;
}
