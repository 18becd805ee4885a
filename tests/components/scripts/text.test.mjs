import assert from "node:assert/strict";
import { test } from "node:test";

globalThis.document = { cookie: "", documentElement: { lang: "en", classList: { remove() {} } } };
globalThis.location = { protocol: "http:" };
const { chooseLanguage, countdown, percent, sats, translate, usd } = await import("./text.js");

test("amounts have thin groups and real signs", () => {
  assert.equal(sats(1234567), "1\u202f234\u202f567");
  assert.equal(sats(-204310), "\u2212204\u202f310");
  assert.equal(sats(12430, { sign: true }), "+12\u202f430");
  assert.equal(sats(0, { sign: true }), "0");
  assert.equal(sats(null), "\u2013");
});

test("numbers and words change with the language, in place", async () => {
  assert.equal(usd(64512.5, 1), "64,512.5");
  assert.equal(percent(0.084), "8.4%");
  assert.equal(percent(0.05, { trim: true }), "5%");
  assert.equal(translate("Close"), "Close");
  await chooseLanguage("pt-BR");
  assert.equal(document.documentElement.lang, "pt-BR");
  assert.match(document.cookie, /^axisor_language=pt-BR; /);
  assert.equal(translate("Close"), "Fechar");
  assert.equal(translate("Close {label}", { label: "X" }), "Fechar X");
  assert.equal(translate("never translated"), "never translated");
  assert.equal(usd(64512.5, 1), "64.512,5");
  assert.equal(percent(-0.01, { sign: true }), "\u22121,0%");
  await chooseLanguage("en");
});

test("a duration counts down", () => {
  assert.equal(countdown(11520000), "3 h 12 min");
  assert.equal(countdown(42000), "0:42");
  assert.equal(countdown(-5), "0:00");
});
