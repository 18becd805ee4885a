// Numbers and times in the way of the language, with the exact value where the shown one is rounded.
import { useNow } from "./clock.js";
import { ago, countdown, fullTime, percent, sats, usd, useLanguage, useText } from "./text.js";

/** An amount with its unit: `12 430 sats`. */
export function Sats({ value, sign = false, unit = true }) {
  const t = useText();
  const amount = sats(value, { sign });
  return <span className="whitespace-nowrap">{unit ? t("{amount} sats", { amount }) : amount}</span>;
}

export function Usd({ value, places = 0, unit = false }) {
  useLanguage();
  return <span className="whitespace-nowrap">{unit ? `${usd(value, places)} USD` : usd(value, places)}</span>;
}

export function Percent({ value, places = 1, trim = false, sign = false }) {
  useLanguage();
  return <span className="whitespace-nowrap">{percent(value, { places, trim, sign })}</span>;
}

/** `12.5` as `12.5×`, whole numbers without decimals. */
export function Leverage({ value }) {
  useLanguage();
  const places = Math.abs(value - Math.round(value)) < 0.05 ? 0 : 1;
  return <span className="whitespace-nowrap">{usd(value, places)}×</span>;
}

/** `3 min ago`, the exact time on hover. `at` is in milliseconds. */
export function Ago({ at }) {
  useLanguage();
  const now = useNow();
  if (!now) return null;
  return (
    <time dateTime={new Date(at).toISOString()} title={fullTime(at)} className="ago">
      {ago(at, now)}
    </time>
  );
}

export function Countdown({ until, skew = 0 }) {
  const now = useNow();
  return <span className="whitespace-nowrap">{now ? countdown(until - now - skew) : ""}</span>;
}
