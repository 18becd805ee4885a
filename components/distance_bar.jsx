// The distance bar: how far the price is from the liquidation, and where the guard acts.
//
// The scale is distance, not price: the liquidation is the wall at the left of longs and shorts
// alike, trigger and target stand still, and only the needle moves.
import { memo, useId, useLayoutEffect, useRef, useState } from "react";

import { distanceAt, levelOf } from "./levels.js";
import { endFor, placeLabels, ruler } from "./distance_scale.js";
import { useFreshness, useLive } from "./live_store.js";
import { percent, sats, usd, useText } from "./text.js";

const HEIGHT = 70;
const BAND = { top: 9, height: 14 };
const MIDDLE = BAND.top + BAND.height / 2;
const RULER = BAND.top + BAND.height + 4;
const FOOT = RULER + 7;
const ROW_A = 47;
const ROW_B = 65;
const CHARACTER = 6.6;

const widthOf = (text) => Math.ceil(text.length * CHARACTER);
const placed = (labels, width) => placeLabels(labels.map((label) => ({ ...label, width: widthOf(label.text) })), width);
const exact = (price) => usd(price, price % 1 ? 1 : 0);

const useWidth = () => {
  const box = useRef(null);
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const measure = () => setWidth(box.current.clientWidth);
    const observer = new ResizeObserver(measure);
    measure();
    observer.observe(box.current);
    return () => observer.disconnect();
  }, []);
  return [box, width];
};

const Labels = ({ labels, width, y }) => {
  const lefts = placed(labels, width);
  return labels.map(({ text, tone }, index) =>
    lefts[index] === null ? null : (
      <text key={text} x={lefts[index]} y={y} className={`${tone} text-12`}>{text}</text>
    ));
};

const Hatch = ({ id }) => (
  <pattern id={id} width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
    <rect width="7" height="7" className="fill-danger-soft" />
    <rect width="2" height="7" className="fill-danger" />
  </pattern>
);

// Where the guard acts, and the way back that it would make.
const Guard = ({ from, to, hatch, near }) => (
  <g>
    <rect y={BAND.top} width={from} height={BAND.height} fill={`url(#${hatch})`} opacity={near ? 1 : 0.45} />
    <path d={`M${from} 3V${FOOT}`} className="stroke-accent-text" strokeWidth={2} />
    <path d={`M${to} 3V${FOOT}`} className="stroke-accent-text" strokeWidth={1.5} strokeDasharray="3 3" />
    <path d={`M${from} 4.5H${to - 2}m-4 -3l4 3l-4 3`} className="stroke-accent-text" fill="none" />
  </g>
);

const Scale = memo(function Scale({ width, end, trigger, target, liquidation, entry, entryAt, near }) {
  const t = useText();
  const hatch = useId().replace(/\W/g, "");
  const x = (share) => (share / end) * width;
  const guarded = trigger !== null;
  const marks = !guarded ? [] : [
    { text: t("acts {share}", { share: percent(trigger, { trim: true }) }), x: x(trigger), lean: -1, tone: "fill-accent-text" },
    { text: t("target {share}", { share: percent(target, { trim: true }) }), x: x(target), lean: 1, tone: "fill-accent-text" },
  ];
  const prices = [
    { text: t("liq {price}", { price: exact(liquidation) }), x: 0, lean: 1, tone: "fill-danger" },
    { text: t("entry {price}", { price: exact(entry) }), x: x(entryAt), lean: 0, tone: "fill-muted" },
  ];
  return (
    <g>
      <Hatch id={hatch} />
      <rect y={BAND.top} width={width} height={BAND.height} rx={3} className="fill-raised" />
      {ruler(end).map(({ at, long }) => (
        <path key={at} d={`M${x(at)} ${RULER}v${long ? 6 : 3}`} className="stroke-edge" />
      ))}
      {guarded && <Guard from={x(trigger)} to={x(target)} hatch={hatch} near={near} />}
      <path d={`M${x(entryAt)} ${BAND.top - 2}V${FOOT}`} className="stroke-muted" strokeWidth={1.5} />
      <rect width={4} height={FOOT} rx={1} className="fill-danger" />
      <Labels labels={marks} width={width} y={ROW_A} />
      <Labels labels={prices} width={width} y={ROW_B} />
    </g>
  );
});

// Hollow and dashed when the price is not live: the last known place, not the present one.
const Needle = ({ x, live }) => (
  <g>
    <path d={`M4 ${MIDDLE}H${Math.max(4, x)}`} className="stroke-level" strokeWidth={4} strokeDasharray={live ? "none" : "4 4"} />
    <g style={{ transform: `translateX(${x}px)` }}>
      <path d={`M0 ${MIDDLE}V${FOOT}`} className="stroke-level" strokeWidth={2} />
      <path
        d={`M0 ${MIDDLE - 9}l8 9l-8 9l-8 -9z`} strokeWidth={2}
        className={live ? "fill-level stroke-panel" : "fill-panel stroke-level"}
      />
    </g>
  </g>
);

const useSentence = ({ state, headline, trigger, triggerPrice, wouldAdd, budgetLeft, liquidation }) => {
  const t = useText();
  if (!state) return t("Nothing is added before the liquidation at {price}.", { price: exact(liquidation) });
  if (state !== "armed") return headline;
  return t("Guard acts at {share} (BTC {price}), would add {amount} sats, budget left {budget}.", {
    share: percent(trigger, { trim: true }),
    price: usd(triggerPrice),
    amount: sats(wouldAdd),
    budget: sats(budgetLeft),
  });
};

/** The bar as a picture of plain values; `DistanceBar` feeds it from the live store. */
export function DistanceBarView({ side, entry, liquidation, trigger = null, target = null, distance, live = true, children, ...guard }) {
  const t = useText();
  const [box, width] = useWidth();
  const end = useRef(0);
  const entryAt = distanceAt(side, entry, liquidation);
  end.current = endFor([entryAt, trigger ?? 0, target ?? 0], distance ?? 0, end.current);
  const sentence = useSentence({ trigger, liquidation, ...guard });
  const level = levelOf(distance, trigger);
  const x = Math.min(width, ((distance ?? 0) / end.current) * width);
  return (
    <figure className={`distance level-${level}`}>
      <p className="distance-number text-level">
        <strong className="text-28 font-semibold tracking-tight">{percent(distance)}</strong>{" "}
        <span className="text-12">{t("from liquidation")}</span>
      </p>
      <div ref={box} style={{ height: HEIGHT }} className="min-w-0">
        {width > 0 && (
          <svg width={width} height={HEIGHT} className="block overflow-visible" aria-hidden="true">
            <Scale {...{ width, end: end.current, trigger, target, liquidation, entry, entryAt, near: level !== "safe" }} />
            {distance !== null && <Needle x={x} live={live} />}
          </svg>
        )}
      </div>
      {(children || sentence) && (
        <figcaption className="distance-caption">
          {children}
          <span className="text-13 text-muted min-w-0 grow basis-52">{sentence}</span>
        </figcaption>
      )}
    </figure>
  );
}

export function DistanceBar({ positionId, distance = null, ...props }) {
  const latest = useLive((state) => state.positions[positionId]?.distance ?? null);
  const live = useFreshness() === "live";
  return <DistanceBarView {...props} distance={latest ?? distance} live={live} />;
}
