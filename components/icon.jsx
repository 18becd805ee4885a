// Our own icons: strokes on a 24 px grid, as heavy as the text beside them.
const SHIELD = "M12 3l7 3v5.5c0 4.4-2.9 7.8-7 9.5-4.1-1.7-7-5.1-7-9.5V6z";
const PATHS = {
  protect: SHIELD,
  safe: `${SHIELD}M8.5 11.8l2.5 2.5 4.5-4.8`,
  watch: "M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12zM12 9.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6z",
  danger: "M12 3.5L22 20H2zM12 10v4.5M12 17.2v.3",
  acting: "M13 2.5L5 13.5h6l-1 8 8-11h-6z",
  blocked: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM5.8 5.8l12.4 12.4",
  offline: "M3 3l18 18M8.5 16.2a5 5 0 0 1 7 0M5 12.6a10 10 0 0 1 5-2.7M14.5 10.1a10 10 0 0 1 4.5 2.5M2 9a15 15 0 0 1 4.8-3M10 5.1A15 15 0 0 1 22 9M12 19.8v.1",
  more: "M4 7h10M18 7h2M4 17h2M10 17h10M14 7a2 2 0 1 0 4 0 2 2 0 0 0-4 0zM6 17a2 2 0 1 0 4 0 2 2 0 0 0-4 0z",
  dots: "M5 12h.01M12 12h.01M19 12h.01",
  plus: "M12 5v14M5 12h14",
  dash: "M6 12h12",
  question: "M9 9a3 3 0 1 1 4.2 2.8c-.8.4-1.2 1-1.2 2M12 17.2v.3",
  close: "M6 6l12 12M18 6L6 18",
  pause: "M8 5v14M16 5v14",
  play: "M7 4.5l12 7.5-12 7.5z",
  check: "M4.5 12.5l5 5 10-11",
  down: "M6 9l6 6 6-6",
  right: "M9 6l6 6-6 6",
  clock: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 7.5V12l3 2",
  eye: "M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12zM12 9.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6z",
  hidden: "M4 4l16 16M9.5 5.8A9.6 9.6 0 0 1 12 5.5c6 0 9.5 6.5 9.5 6.5a17 17 0 0 1-2.7 3.5M6 7.7A16 16 0 0 0 2.5 12S6 18.5 12 18.5a9 9 0 0 0 4-.9M10 10.2a2.8 2.8 0 0 0 3.8 3.9",
  leave: "M14 4h4a2 2 0 0 1 2 2v12a2 2 0 0 1-2 2h-4M10 8l-4 4 4 4M6 12h9",
  sun: "M12 7.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9zM12 2v2.5M12 19.5V22M2 12h2.5M19.5 12H22M5 5l1.7 1.7M17.3 17.3L19 19M5 19l1.7-1.7M17.3 6.7L19 5",
  moon: "M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5z",
  screen: "M3 5h18v11H3zM9 20h6M12 16v4",
  wave: "M2 13l4-4 4 5 4-8 3.5 9L22 11",
  edit: "M4 20h4L19 9l-4-4L4 16zM13.5 6.5l4 4",
  paper: "M6 3h8l4 4v14H6zM14 3v4h4M9 12h6M9 16h6",
};

/** A picture beside a word, never instead of one: hidden from screen readers. */
export function Icon({ name, size = 18, className = "" }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 24 24"
      className={`shrink-0 ${className}`}
      fill="none"
      stroke="currentColor"
      strokeWidth={name === "dots" ? 3 : 1.8}
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}

/** The mark: the wall, the axis, the needle. */
export function Mark({ size = 26 }) {
  return (
    <svg width={size} height={size} viewBox="0 0 24 24" aria-hidden="true" className="shrink-0">
      <path d="M3 4h3.5v16H3z" className="fill-text" />
      <path d="M6.5 12H22" className="stroke-edge" strokeWidth="2" />
      <path d="M14.5 5.5L21 12l-6.5 6.5L8 12z" className="fill-accent" />
    </svg>
  );
}
