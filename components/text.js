// The language of the page: one store, read by every label and number.
//
// A message is its English sentence. The page is prerendered in English; another language is loaded
// on demand and put in place without reloading. The choice lives in a cookie, so that the server
// writes its sentences in the same language.
import { useSyncExternalStore } from "react";

import { loaders } from "./messages.js";

export const COOKIE = "axisor_language";
const SOURCE = "en";
const YEAR = 31536000;
const THIN = "\u202f";
const MINUS = "\u2212";

const listeners = new Set();
const loaded = { [SOURCE]: {} };
let language = SOURCE;
let started = false;

const supported = (tag) => {
  const wanted = (tag ?? "").toLowerCase();
  const all = [SOURCE, ...Object.keys(loaders)];
  const exact = all.find((one) => one.toLowerCase() === wanted);
  return exact ?? all.find((one) => wanted && one.split("-")[0] === wanted.split("-")[0]);
};

/** What the person chose earlier, else what the browser asks for. */
export const preferred = () => {
  const cookie = document.cookie.split("; ").find((one) => one.startsWith(`${COOKIE}=`));
  const asked = [cookie?.split("=")[1], ...(navigator.languages ?? [])];
  return asked.map(supported).find(Boolean) ?? SOURCE;
};

const show = (tag) => {
  language = tag;
  document.documentElement.lang = tag;
  document.documentElement.classList.remove("text-pending");
  formats.clear();
  listeners.forEach((listener) => listener());
};

const load = async (tag) => {
  loaded[tag] ??= (await loaders[tag]()).default;
};

/** Switch to another language in place and remember it. */
export const chooseLanguage = async (tag) => {
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `${COOKIE}=${tag}; Path=/; Max-Age=${YEAR}; SameSite=Lax${secure}`;
  await load(tag);
  show(tag);
};

const start = () => {
  if (started) return;
  started = true;
  const wanted = preferred();
  load(wanted).then(
    () => show(wanted),
    () => show(SOURCE),
  );
};

const subscribe = (listener) => {
  listeners.add(listener);
  start();
  return () => listeners.delete(listener);
};

export const currentLanguage = () => language;

export const useLanguage = () => useSyncExternalStore(subscribe, currentLanguage, () => SOURCE);

/** `message` in the current language, its `{named}` parameters filled in. */
export const translate = (message, params) => {
  const text = loaded[language]?.[message] ?? message;
  return params ? text.replace(/\{(\w+)\}/g, (whole, name) => params[name] ?? whole) : text;
};

/** A translate function that renders again when the language changes. */
export const useText = () => {
  useLanguage();
  return translate;
};

const formats = new Map();
const format = (key, make) => {
  if (!formats.has(key)) formats.set(key, make());
  return formats.get(key);
};
const decimals = (places) =>
  format(`usd${places}`, () => new Intl.NumberFormat(language, {
    minimumFractionDigits: places,
    maximumFractionDigits: places,
  }));

/** Whole sats in thin-space groups: `12 430`. */
export const sats = (amount, { sign = false } = {}) => {
  if (amount === null || amount === undefined) return "\u2013";
  const digits = String(Math.abs(Math.round(amount))).replace(/\B(?=(\d{3})+$)/g, THIN);
  if (amount < 0) return MINUS + digits;
  return sign && amount > 0 ? `+${digits}` : digits;
};

/** USD with the separators of the language. */
export const usd = (price, places = 0) =>
  price === null || price === undefined ? "\u2013" : decimals(places).format(price);

/** A fraction as percent: `0.084` is `8.4%`. */
export const percent = (fraction, { places = 1, sign = false, trim = false } = {}) => {
  if (fraction === null || fraction === undefined) return "\u2013";
  const make = () =>
    new Intl.NumberFormat(language, {
      style: "percent",
      minimumFractionDigits: trim ? 0 : places,
      maximumFractionDigits: places,
      signDisplay: sign ? "exceptZero" : "auto",
    });
  return format(`pc${places}${sign}${trim}`, make).format(fraction).replace("-", MINUS);
};

/** A clock time in the person's own zone. */
export const clockTime = (ms) =>
  format("time", () => new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", second: "2-digit" }))
    .format(ms);

export const fullTime = (ms) =>
  format("full", () => new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "long" })).format(ms);

/** How long ago, in words: `3 min ago`. */
export const ago = (ms, now) => {
  const seconds = Math.max(0, Math.round((now - ms) / 1000));
  const [amount, unit] =
    seconds < 60 ? [seconds, "second"]
    : seconds < 3600 ? [Math.floor(seconds / 60), "minute"]
    : seconds < 86400 ? [Math.floor(seconds / 3600), "hour"]
    : [Math.floor(seconds / 86400), "day"];
  const words = format("ago", () => new Intl.RelativeTimeFormat(language, { numeric: "auto", style: "short" }));
  return words.format(-amount, unit);
};

/** A duration that counts down: `3 h 12 min`, `4 min`, `0:42`. */
export const countdown = (ms) => {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  if (hours) return `${hours} h ${String(minutes).padStart(2, "0")} min`;
  return `${minutes}:${String(seconds % 60).padStart(2, "0")}`;
};
