// The market in the header: price, change, freshness, and what kind of market this is.
import { useNow } from "./clock.js";
import { Icon } from "./icon.jsx";
import { ageAt, current, useFreshness, useLive } from "./live_store.js";
import { Countdown } from "./numbers.jsx";
import { percent, usd, useLanguage, useText } from "./text.js";

const PLACEHOLDER = "00,000.0";

/** The price alone is this large. Its width never changes while it ticks. */
export function Price() {
  useLanguage();
  const price = useLive((state) => state.price);
  const direction = useLive((state) => state.direction);
  const moved = direction > 0 ? "moved-up" : direction < 0 ? "moved-down" : "";
  if (price === null) return <span className="skeleton price text-28 sm:text-40 font-medium">{PLACEHOLDER}</span>;
  return (
    <span className="whitespace-nowrap">
      <span key={price} className={`price text-28 sm:text-40 font-medium tracking-tight ${moved}`}>
        {usd(price, 1)}
      </span>
      <span className="text-12 text-muted ml-1">USD</span>
    </span>
  );
}

/** Change over 24 hours, with a sign and an arrow besides the colour. */
export function Change() {
  useLanguage();
  const t = useText();
  const change = useLive((state) => state.market?.change_24h ?? null);
  if (change === null) return null;
  const up = change >= 0;
  return (
    <span className={`${up ? "text-up" : "text-down"} text-13 font-medium whitespace-nowrap`}>
      <span aria-hidden="true">{up ? "▲ " : "▼ "}</span>
      {t("{change} in 24 h", { change: percent(change, { sign: true }) })}
    </span>
  );
}

const WORDS = {
  live: (t) => t("Live"),
  stale: (t) => t("Stale"),
  ended: (t) => t("Ended"),
  waiting: (t) => t("Waiting for a price"),
  connecting: (t) => t("Connecting"),
  lost: (t) => t("Not connected"),
  "signed-out": (t) => t("Signed out"),
};
const LEVELS = { live: "safe", stale: "watch", ended: "info", waiting: "unknown", connecting: "unknown", lost: "danger", "signed-out": "danger" };

const ageText = (age) => (age < 1000 ? "< 1 s" : `${Math.floor(age / 1000)} s`);

/** How old the price is and where it comes from: `● Live · < 1 s · LN Markets`. */
export function Freshness() {
  const t = useText();
  const now = useNow();
  const state = useFreshness();
  const label = useLive((live) => (live.market?.feed === "live" || live.market?.feed === "replay" ? live.market.label : null));
  const age = ageAt(now, current());
  return (
    <span className={`level-${LEVELS[state]} freshness text-12 text-muted`}>
      <span className="size-2 rounded-full text-level bg-current" />
      <span className={state === "live" ? "" : "text-level font-semibold"}>{WORDS[state](t)}</span>
      {age !== null && <span className="age">{ageText(age)}</span>}
      {label && <span className="hidden sm:inline">{label}</span>}
    </span>
  );
}

/** The next funding as one of the facts: rate, who pays, and in how long. */
export function Funding() {
  const t = useText();
  const funding = useLive((state) => state.market?.funding ?? null);
  const skew = useLive((state) => state.skew);
  const who = funding?.rate >= 0 ? t("longs pay") : t("shorts pay");
  return (
    <div>
      <dt>{t("Funding")}</dt>
      <dd className="font-normal">
        {funding
          ? <>{percent(Math.abs(funding.rate), { places: 4, trim: true })}, {who}, <Countdown until={funding.at} skew={skew} /></>
          : "\u2013"}
      </dd>
    </div>
  );
}

const SCENARIOS = {
  crash: (t) => t("Crash"),
  "flash-crash": (t) => t("Flash crash"),
  "slow-bleed": (t) => t("Slow bleed"),
  squeeze: (t) => t("Squeeze"),
};

export const scenarioName = (scenario, t) => (SCENARIOS[scenario.name] ?? (() => scenario.label))(t);

const tapeWords = ({ feed, label, scenario }, t) => {
  if (scenario) return t("Scenario: {name}", { name: scenarioName(scenario, t) });
  if (feed === "replay") return t("Replay: {file}", { file: label });
  return feed === "simulated" ? t("Simulated market") : t("Paper account, prices of {source}", { source: label });
};

/** Tape across the top of every screen on which no real money moves. Its room is there from the start. */
export function MarketTape({ onStop }) {
  const t = useText();
  const market = useLive((state) => state.market);
  const skew = useLive((state) => state.skew);
  if (market === null) return <div className="tape tape-unknown" />;
  const { feed, scenario } = market;
  const level = scenario ? "level-accent" : feed === "live" ? "level-unknown" : "level-info";
  return (
    <div role="note" className={`tape ${level} text-12`}>
      <p className="tape-text">
        <Icon name={feed === "live" ? "paper" : "wave"} size={14} />
        <strong className="font-semibold">{tapeWords(market, t)}</strong>
        <span className={scenario ? "hidden sm:inline" : ""}>{t("No real money moves.")}</span>
        {scenario && <Countdown until={scenario.ends_at} skew={skew} />}
        {scenario && onStop && (
          <button type="button" className="tape-button" onClick={() => onStop()}>{t("Stop")}</button>
        )}
      </p>
    </div>
  );
}
