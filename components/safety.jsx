// The answer to "am I safe?", in one glance and in words. The worse it is, the louder it gets.
import { memo, useEffect } from "react";

import { Icon } from "./icon.jsx";
import { levelOf } from "./levels.js";
import { useFreshness, useLive } from "./live_store.js";
import { percent, useText } from "./text.js";

const URGENCY = ["blocked", "danger", "acting", "bare", "paused", "watch", "safe"];

const LOOKS = {
  reading: { icon: "clock", level: "unknown", says: (t) => t("Reading") },
  unread: { icon: "question", level: "watch", says: (t) => t("Positions not read") },
  "signed-out": { icon: "leave", level: "danger", says: (t) => t("Signed out"), loud: true },
  none: { icon: "protect", level: "unknown", says: (t) => t("Nothing at risk") },
  offline: { icon: "offline", level: "danger", says: (t) => t("Not connected"), loud: true },
  stale: { icon: "clock", level: "watch", says: (t) => t("Price is stale") },
  blocked: { icon: "blocked", level: "danger", says: (t) => t("Guard blocked"), loud: true },
  danger: { icon: "danger", level: "danger", says: (t) => t("In danger"), loud: true },
  acting: { icon: "acting", level: "accent", says: (t) => t("Guard acting") },
  bare: { icon: "watch", level: "watch", says: (t) => t("Not guarded") },
  paused: { icon: "pause", level: "watch", says: (t) => t("Guards paused") },
  watch: { icon: "watch", level: "watch", says: (t) => t("Watch") },
  safe: { icon: "safe", level: "safe", says: (t) => t("All safe") },
};

/** What one position contributes: the worst of its guard's state and its distance. */
export const statusOf = ({ state, trigger }, distance) => {
  if (state === "blocked" || state === "acting") return state;
  const level = levelOf(distance, trigger);
  if (level === "danger") return "danger";
  if (!state || state === "finished") return "bare";
  if (state === "paused") return "paused";
  return level === "watch" ? "watch" : "safe";
};

/** Worst status, how many share it, and the nearest distance. */
export const summarise = (positions, live) => {
  const seen = positions.map((one) => {
    const distance = live[one.id]?.distance ?? one.distance;
    return { id: one.id, status: statusOf(one, distance), distance, level: levelOf(distance, one.trigger), reason: one.reason };
  });
  const status = URGENCY.find((each) => seen.some((one) => one.status === each)) ?? "none";
  const same = seen.filter((one) => one.status === status);
  const distances = seen.map((one) => one.distance).filter(Number.isFinite);
  return {
    status,
    count: same.length,
    reason: same[0]?.reason ?? "",
    nearest: distances.length ? Math.min(...distances) : null,
    marks: seen.filter((one) => Number.isFinite(one.distance)),
  };
};

const detail = ({ status, count, reason, nearest }, total, t) => {
  if (status === "none") return t("No position is open.");
  const near = t("nearest {share}", { share: percent(nearest) });
  if (status === "blocked" && reason) return `${reason} · ${near}`;
  if (status === "safe") return near;
  const share = t("{count} of {total}", { count, total });
  return `${share} · ${near}`;
};

const FLEET_END = 0.25;

/** Every position as a mark between the wall and safety: the whole account at a glance. */
const Fleet = ({ marks }) => (
  <svg className="fleet" aria-hidden="true">
    <path d="M0 10H4000" className="fleet-axis" strokeWidth="1" />
    <rect y="1" width="3" height="18" rx="1" fill="currentColor" />
    {marks.map(({ id, distance, level }) => (
      <svg key={id} x={`${Math.min(1, distance / FLEET_END) * 100}%`} y="10" overflow="visible" className={`level-${level}`}>
        <path d="M0 -6l5.5 6l-5.5 6l-5.5 -6z" className="fleet-mark" />
      </svg>
    ))}
  </svg>
);

/** The strip as a picture of plain values. */
export const SafetyView = memo(function SafetyView({ status, text, marks = [] }) {
  const t = useText();
  const { icon, level, says, loud } = LOOKS[status];
  return (
    <div className={`safety level-${level} ${loud ? "safety-loud" : ""}`}>
      <span className="sr-only" role={loud ? "alert" : "status"}>{says(t)}</span>
      <Icon name={icon} size={22} />
      <p className="min-w-0">
        <strong className="text-16 font-bold tracking-wide uppercase">{says(t)}</strong>{" "}
        <span className="safety-detail text-14">{text}</span>
      </p>
      {marks.length > 0 && <Fleet marks={marks} />}
    </div>
  );
});

// The tab says it too: a glance at the window's title answers as well.
const useTitle = (status, nearest, t) => {
  const share = nearest === null ? "" : `${percent(nearest)} · `;
  const title = `${share}${LOOKS[status].says(t)} · Axisor`;
  useEffect(() => {
    document.title = title;
  }, [title]);
};

const QUIET = ["safe", "watch", "bare", "paused"];

// What the connection has to say goes before what the numbers say.
const statusNow = (fresh, seen, read) => {
  if (fresh === "lost") return "offline";
  if (fresh === "signed-out") return "signed-out";
  if (read === "failed") return "unread";
  if (fresh === "connecting" || read === "loading") return "reading";
  return fresh === "stale" && QUIET.includes(seen.status) ? "stale" : seen.status;
};

const textFor = (status, seen, total, t) => {
  if (status === "offline") return t("Guards keep running on the server. These are the last numbers seen.");
  if (status === "signed-out") return <a className="underline" href="/sign-in/">{t("Guards keep running. Sign in again to see them.")}</a>;
  if (status === "reading") return t("The state of your positions is on its way.");
  if (status === "unread") return t("Guards keep running on the server.");
  if (status === "stale") return t("Guards do not act on an old price. Last seen {share}.", { share: percent(seen.nearest) });
  return detail(seen, total, t);
};

/**
 * `positions` give the guard's state and trigger; the live store gives the distance. `read` is
 * `loading`, `ready` or `failed`: nothing is called safe before the positions are known.
 */
export function Safety({ positions, read = "ready" }) {
  const t = useText();
  const live = useLive((state) => state.positions);
  const fresh = useFreshness();
  const seen = summarise(positions, live);
  const status = statusNow(fresh, seen, read);
  useTitle(status, seen.nearest, t);
  return <SafetyView status={status} text={textFor(status, seen, positions.length, t)} marks={seen.marks} />;
}
