// Candles with the lines of the chosen position. Loaded when it comes near the screen.
import { useEffect, useRef, useState } from "react";

import { current, subscribe } from "./live_store.js";
import { clockTime, currentLanguage, usd, useLanguage, useText } from "./text.js";

const FRAMES = { "1m": 60, "5m": 300, "15m": 900, "1h": 3600 };
const LIMIT = 240;

const colour = (role) => getComputedStyle(document.documentElement).getPropertyValue(`--${role}`).trim();

const layout = () => ({
  layout: {
    background: { color: "transparent" },
    textColor: colour("muted"),
    fontFamily: getComputedStyle(document.body).fontFamily,
    fontSize: 12,
    attributionLogo: false,
  },
  grid: { vertLines: { visible: false }, horzLines: { color: colour("line") } },
  rightPriceScale: { borderVisible: false, minimumWidth: 84 },
  timeScale: { borderColor: colour("line"), timeVisible: true, secondsVisible: false },
  crosshair: { vertLine: { color: colour("edge") }, horzLine: { color: colour("edge") } },
  localization: {
    locale: currentLanguage(),
    priceFormatter: (price) => usd(price, 1),
    timeFormatter: (seconds) => clockTime(seconds * 1000),
  },
  handleScroll: { vertTouchDrag: false },
});

const candleColours = () => ({
  upColor: colour("up"), downColor: colour("down"),
  wickUpColor: colour("up"), wickDownColor: colour("down"),
  borderVisible: false, priceLineColor: colour("edge"),
});

const asBar = ({ time, open, high, low, close }) => ({ time: Math.floor(time / 1000), open, high, low, close });

const extend = (last, price, at, seconds) => {
  const time = Math.floor(at / 1000 / seconds) * seconds;
  if (!last || time > last.time) return { time, open: last?.close ?? price, high: price, low: price, close: price };
  return { ...last, high: Math.max(last.high, price), low: Math.min(last.low, price), close: price };
};

const fetchBars = async (frame, signal) => {
  const answer = await fetch(`/api/v1/market/candles?timeframe=${frame}&limit=${LIMIT}`, { signal });
  if (!answer.ok) throw new Error(String(answer.status));
  return (await answer.json()).candles.map(asBar);
};

// Keeps the last candle moving with the ticks; returns how to stop.
const follow = (series, bars, seconds) => {
  let last = bars.at(-1);
  let seen = current().at;
  return subscribe(() => {
    const { price, at } = current();
    if (price === null || at === seen || (last && at / 1000 < last.time)) return;
    seen = at;
    last = extend(last, price, at, seconds);
    series.update(last);
  });
};

const drawLines = (series, lines, t) => {
  const known = [
    ["entry", t("Entry"), "muted", 2],
    ["target", t("Target"), "accent-text", 1],
    ["trigger", t("Guard acts"), "accent-text", 0],
    ["liquidation", t("Liquidation"), "danger", 0],
  ];
  return known
    .filter(([key]) => lines[key] > 0)
    .map(([key, title, role, lineStyle]) =>
      series.createPriceLine({
        price: lines[key], title, color: colour(role), lineStyle, lineWidth: key === "liquidation" ? 2 : 1,
        axisLabelVisible: true, axisLabelTextColor: colour("bg"),
      }));
};

// The price axis shows the guard's lines, or only the candles.
const scaleTo = (series, lines, whole) =>
  series.applyOptions({
    autoscaleInfoProvider: (original) => {
      const info = original();
      if (!whole || !info?.priceRange) return info;
      const known = Object.values(lines).filter((price) => price > 0);
      const { minValue, maxValue } = info.priceRange;
      return { ...info, priceRange: { minValue: Math.min(minValue, ...known), maxValue: Math.max(maxValue, ...known) } };
    },
  });

export function CandleChart({ entry = 0, liquidation = 0, trigger = 0, target = 0 }) {
  const t = useText();
  const language = useLanguage();
  const box = useRef(null);
  const chart = useRef(null);
  const [series, setSeries] = useState(null);
  const [frame, setFrame] = useState("1m");
  const [whole, setWhole] = useState(true);
  const [status, setStatus] = useState("loading");

  useEffect(() => {
    let gone = false;
    const start = async () => {
      const { createChart, CandlestickSeries } = await import("lightweight-charts");
      if (gone) return;
      chart.current = createChart(box.current, { ...layout(), autoSize: true });
      setSeries(chart.current.addSeries(CandlestickSeries, candleColours()));
    };
    const near = new IntersectionObserver(([entry]) => entry.isIntersecting && (near.disconnect(), start()), { rootMargin: "80px" });
    near.observe(box.current);
    return () => {
      gone = true;
      near.disconnect();
      chart.current?.remove();
    };
  }, []);

  useEffect(() => {
    if (!series) return undefined;
    const paint = () => {
      chart.current.applyOptions(layout());
      series.applyOptions(candleColours());
    };
    paint();
    const observer = new MutationObserver(paint);
    observer.observe(document.documentElement, { attributeFilter: ["class", "data-prices"] });
    return () => observer.disconnect();
  }, [series, language]);

  useEffect(() => {
    if (!series) return undefined;
    const abort = new AbortController();
    let stop = () => {};
    fetchBars(frame, abort.signal).then(
      (bars) => {
        series.setData(bars);
        chart.current.timeScale().fitContent();
        stop = follow(series, bars, FRAMES[frame]);
        setStatus(bars.length ? "shown" : "empty");
      },
      () => abort.signal.aborted || setStatus("failed"),
    );
    return () => {
      abort.abort();
      stop();
    };
  }, [series, frame]);

  useEffect(() => {
    if (!series) return undefined;
    const prices = { entry, liquidation, trigger, target };
    const lines = drawLines(series, prices, t);
    scaleTo(series, prices, whole);
    return () => lines.forEach((line) => series.removePriceLine(line));
  }, [series, entry, liquidation, trigger, target, language, whole]);

  return (
    <div className="chart">
      <div className="flex flex-wrap items-center justify-between gap-x-4 pb-2">
        <div className="flex" role="group" aria-label={t("Candle length")}>
          {Object.keys(FRAMES).map((one) => (
            <button key={one} type="button" className="tab" aria-pressed={one === frame} onClick={() => setFrame(one)}>{one}</button>
          ))}
        </div>
        {liquidation > 0 && (
          <button type="button" className="tab" aria-pressed={whole} onClick={() => setWhole(!whole)}>{t("To liquidation")}</button>
        )}
      </div>
      <div ref={box} className="chart-box" role="img" aria-label={t("Candle chart of the bitcoin price with entry, liquidation, trigger and target")} />
      <p className="pt-2 text-right">
        <a className="text-12 text-muted underline" href="https://www.tradingview.com/" rel="noreferrer">{t("Charts by TradingView")}</a>
      </p>
      {status === "failed" && <p className="chart-note">{t("The candles could not be read. Guards are not affected.")}</p>}
      {status === "empty" && <p className="chart-note">{t("No candles yet. They appear as the price moves.")}</p>}
    </div>
  );
}
