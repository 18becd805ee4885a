import assert from "node:assert/strict";
import { test } from "node:test";

import { endFor, placeLabels, ruler } from "./distance_scale.js";
import { distanceAt, levelOf } from "./levels.js";

test("the scale has room for every mark", () => {
  for (const marks of [[0.05, 0.12], [0.004, 0.01], [0.5, 0.05], [2, 0.1]]) {
    assert.ok(endFor(marks, 0.09) >= Math.max(...marks));
  }
});

test("the scale stays while the needle is on it", () => {
  const end = endFor([0.05, 0.12], 0.09);
  assert.equal(endFor([0.05, 0.12], 0.1, end), end);
  assert.ok(endFor([0.05, 0.12], 0.4, end) > end);
});

test("the scale comes back when the needle has come back", () => {
  const wide = endFor([0.05, 0.12], 0.6);
  assert.ok(endFor([0.05, 0.12], 0.09, wide) < wide);
});

test("the ruler has few enough ticks and ends within the scale", () => {
  for (const end of [0.05, 0.15, 0.5, 2, 10]) {
    const ticks = ruler(end);
    assert.ok(ticks.length > 2 && ticks.length <= 32);
    assert.ok(ticks.at(-1).at <= end + 1e-9);
  }
});

test("labels never cover each other nor leave the bar", () => {
  const labels = [
    { x: 60, width: 50, lean: -1 },
    { x: 66, width: 60, lean: 1 },
    { x: 62, width: 60, lean: 0 },
  ];
  const lefts = placeLabels(labels, 140);
  const taken = lefts.map((left, i) => left !== null && [left, left + labels[i].width]).filter(Boolean);
  assert.equal(lefts[0], 10);
  for (const [a, b] of taken) assert.ok(a >= 0 && b <= 140);
  for (const one of taken) for (const other of taken) assert.ok(one === other || one[1] <= other[0] || other[1] <= one[0]);
});

test("distance is measured on the side where the liquidation is, and is never negative", () => {
  assert.equal(distanceAt("buy", 100, 90), 0.1);
  assert.equal(distanceAt("sell", 100, 110), 0.1);
  assert.equal(distanceAt("buy", 80, 90), 0);
  assert.equal(distanceAt("buy", 0, 90), 0);
});

test("a guard's trigger decides what is danger", () => {
  assert.equal(levelOf(0.05, 0.05), "danger");
  assert.equal(levelOf(0.07, 0.05), "watch");
  assert.equal(levelOf(0.08, 0.05), "safe");
  assert.equal(levelOf(0.02, null), "danger");
  assert.equal(levelOf(null, 0.05), "unknown");
});
