import assert from "node:assert/strict";
import { test } from "node:test";

const sockets = [];
globalThis.document = { hidden: false, addEventListener() {}, removeEventListener() {} };
globalThis.location = { protocol: "https:", host: "axisor.test" };
globalThis.WebSocket = class {
  constructor(url) {
    this.url = url;
    sockets.push(this);
  }
  close() {}
};
const { current, freshness, STALE_AFTER, subscribe } = await import("./live_store.js");

const send = (message) => sockets.at(-1).onmessage({ data: JSON.stringify(message) });
const market = { feed: "simulated", label: "Simulated market", state: "live", price: 100, at: 5000, scenario: null };

test("one socket per tab, however many listen", () => {
  const stop = subscribe(() => {});
  const other = subscribe(() => {});
  assert.equal(sockets.length, 1);
  assert.equal(sockets[0].url, "wss://axisor.test/ws/v1");
  assert.equal(freshness(0), "connecting");
  stop();
  other();
});

test("a lost connection keeps the last numbers and says so", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"], now: 5000 });
  const stop = subscribe(() => {});
  send({ type: "snapshot", now: 6000, market, positions: { a: { distance: 0.1, pl: 5 } } });
  assert.equal(current().skew, 1000);
  assert.equal(freshness(5000), "live");
  send({ type: "tick", at: 6000, price: 99, positions: { a: { distance: 0.09, pl: 3 } } });
  assert.equal(current().direction, -1);
  assert.equal(freshness(5000 + STALE_AFTER + 1), "stale");
  const before = sockets.length;
  sockets.at(-1).onclose({ code: 1006 });
  assert.equal(freshness(5000), "lost");
  assert.equal(current().price, 99);
  assert.equal(current().positions.a.distance, 0.09);
  t.mock.timers.tick(300);
  assert.equal(sockets.length, before + 1);
  const changes = current().changes;
  send({ type: "snapshot", now: 7000, market, positions: {} });
  assert.equal(current().changes, changes + 1);
  send({ type: "changed" });
  assert.equal(current().changes, changes + 2);
  stop();
});

test("after the end of the session it does not knock again", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const stop = subscribe(() => {});
  const before = sockets.length;
  sockets.at(-1).onclose({ code: 4401 });
  assert.equal(freshness(0), "signed-out");
  t.mock.timers.tick(60000);
  assert.equal(sockets.length, before);
  stop();
});
