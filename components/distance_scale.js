// Where things stand on the distance bar: distance from the liquidation, in shares of the price.
const ENDS = [0.05, 0.08, 0.1, 0.125, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10];
const ROOM = 1.12;
const STEPS = [0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1];
const MOST_TICKS = 32;
const GAP = 8;

/** Right end of the scale: room for all marks and, while it fits, the end that was used before. */
export const endFor = (marks, distance, before) => {
  const known = [...marks, distance].filter((one) => Number.isFinite(one));
  const needed = Math.max(...known, 0.01) * ROOM;
  const fits = before && Math.max(...known) <= before * 0.98;
  const roomy = before && needed < before * 0.45;
  if (fits && !roomy) return before;
  return ENDS.find((end) => end >= needed) ?? ENDS.at(-1);
};

/** The ruler: every step, and which of them are long. */
export const ruler = (end) => {
  const step = STEPS.find((one) => end / one <= MOST_TICKS) ?? 1;
  const count = Math.floor(end / step + 1e-9);
  return Array.from({ length: count }, (_, index) => ({
    at: step * (index + 1),
    long: (index + 1) % 5 === 0,
  }));
};

/** Keep a label of `width` around `x` inside [left, right]. */
export const clamp = (x, width, left, right) =>
  Math.min(Math.max(x - width / 2, left), Math.max(left, right - width));

/**
 * Left edges for labels in order of importance; one that finds no room is left out.
 * Each label: {x, width, lean}, where lean -1 hangs left of its mark, 1 right, 0 around it.
 */
export const placeLabels = (labels, right) => {
  const taken = [];
  const free = (left, width) =>
    left >= 0 && left + width <= right && taken.every(([a, b]) => left + width + GAP <= a || left >= b + GAP);
  return labels.map(({ x, width, lean }) => {
    const around = clamp(x, width, 0, right);
    const choices = lean < 0 ? [x - width, around, x] : lean > 0 ? [x, around, x - width] : [around, x, x - width];
    const left = choices.find((choice) => free(choice, width));
    if (left === undefined) return null;
    taken.push([left, left + width]);
    return left;
  });
};
