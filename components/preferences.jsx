// How the page looks for this person: language, theme, density, price colours. Kept in the browser.
import { useContext, useId, useSyncExternalStore } from "react";

import { ColorModeContext } from "$/utils/context";

import { chooseLanguage, useLanguage, useText } from "./text.js";

const listeners = new Set();
const subscribe = (listener) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

const usePreference = (name, usual) => {
  const read = () => document.documentElement.dataset[name] ?? usual;
  const value = useSyncExternalStore(subscribe, read, () => usual);
  const choose = (next) => {
    document.documentElement.dataset[name] = next;
    localStorage.setItem(`axisor-${name}`, next);
    listeners.forEach((listener) => listener());
  };
  return [value, choose];
};

const Choices = ({ label, value, options, onChoose }) => {
  const name = useId();
  return (
    <fieldset className="grid gap-2">
      <legend className="field-label mb-2">{label}</legend>
      <div className="flex flex-wrap gap-2">
        {options.map(([option, text, lang]) => (
          <label key={option} className="choice grow" lang={lang}>
            <input type="radio" name={name} value={option} checked={value === option} onChange={() => onChoose(option)} />
            <span>{text}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
};

/** The languages by their tags, for pages without a menu. */
export function LanguageSwitch({ languages }) {
  const t = useText();
  const language = useLanguage();
  return (
    <div className="flex" role="group" aria-label={t("Language")}>
      {languages.map(([tag, name]) => (
        <button
          key={tag} type="button" className="tab" lang={tag} title={name}
          aria-pressed={tag === language} onClick={() => chooseLanguage(tag)}
        >
          {tag.split("-")[0].toUpperCase()}
        </button>
      ))}
    </div>
  );
}

/** `languages` is a list of [tag, own name]; `onLanguage` tells the server. */
export function Preferences({ languages, onLanguage }) {
  const t = useText();
  const language = useLanguage();
  const { rawColorMode, setColorMode } = useContext(ColorModeContext);
  const [density, setDensity] = usePreference("density", "comfortable");
  const [prices, setPrices] = usePreference("prices", "green-up");
  const speak = async (tag) => {
    await chooseLanguage(tag);
    onLanguage?.(tag);
  };
  return (
    <div className="grid gap-5">
      <Choices
        label={t("Language")} value={language} onChoose={speak}
        options={languages.map(([tag, name]) => [tag, name, tag])}
      />
      <Choices
        label={t("Theme")} value={rawColorMode} onChoose={setColorMode}
        options={[["system", t("As the device")], ["dark", t("Dark")], ["light", t("Light")]]}
      />
      <Choices
        label={t("Density")} value={density} onChoose={setDensity}
        options={[["comfortable", t("Comfortable")], ["compact", t("Compact")]]}
      />
      <Choices
        label={t("Price colours")} value={prices} onChoose={setPrices}
        options={[["green-up", t("Green up")], ["red-up", t("Red up")], ["blue-up", t("Blue up")]]}
      />
    </div>
  );
}
