"""What the page's head needs before anything is drawn: no flash, no jump, an icon."""

import reflex as rx

from components.theme import DARK, LIGHT

_BEFORE_PAINT = """
(function () {
  var root = document.documentElement;
  try {
    ["density", "prices"].forEach(function (name) {
      var value = localStorage.getItem("axisor-" + name);
      if (value) root.dataset[name] = value;
    });
    var chosen = /(?:^|; )axisor_language=([\\w-]+)/.exec(document.cookie);
    var language = chosen ? chosen[1] : navigator.language;
    if (/^pt/i.test(language)) {
      root.lang = "pt-BR";
      root.classList.add("text-pending");
    }
  } catch (error) {}
})();
"""
"""Density, price colours and language as last chosen; text in another language waits for its words."""


def head() -> list[rx.Component]:
    return [
        rx.el.script(_BEFORE_PAINT),
        rx.el.link(rel="icon", href="/favicon.svg", type="image/svg+xml"),
        rx.el.link(rel="manifest", href="/manifest.webmanifest"),
        rx.el.meta(name="theme-color", content=DARK["bg"], media="(prefers-color-scheme: dark)"),
        rx.el.meta(name="theme-color", content=LIGHT["bg"], media="(prefers-color-scheme: light)"),
        rx.el.meta(name="viewport", content="width=device-width, initial-scale=1, viewport-fit=cover"),
    ]
