"""What the page's head needs before anything is drawn: no flash, no jump, an icon."""

import reflex as rx
from reflex_components_core.base.error_boundary import ErrorBoundary  # type: ignore[import-untyped]

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
    var kept = "; Path=/; Max-Age=31536000; SameSite=Lax";
    if (!chosen) document.cookie = "axisor_language=" + root.lang + kept;
  } catch (error) {}
})();
"""
"""Density, price colours and language as last chosen; text in another language waits for its words.

The cookie is written before the socket opens, so that the server's sentences come in that language.
"""


def head() -> list[rx.Component]:
    return [
        rx.el.script(_BEFORE_PAINT),
        rx.el.link(rel="icon", href="/favicon.svg", type="image/svg+xml"),
        rx.el.link(rel="icon", href="/favicon.ico", sizes="32x32"),
        rx.el.link(rel="apple-touch-icon", href="/apple-touch-icon.png"),
        rx.el.link(rel="manifest", href="/manifest.webmanifest"),
        rx.el.meta(name="theme-color", content=DARK["bg"], media="(prefers-color-scheme: dark)"),
        rx.el.meta(name="theme-color", content=LIGHT["bg"], media="(prefers-color-scheme: light)"),
        rx.el.meta(name="viewport", content="width=device-width, initial-scale=1, viewport-fit=cover"),
    ]


def safety_net() -> rx.Component:
    """Around every page: when drawing it fails, say what still holds and offer the way back."""
    return ErrorBoundary.create(
        fallback_render=rx.el.main(
            rx.el.h1("This page could not be drawn.", class_name="text-20 font-semibold"),
            rx.el.p(
                "Guards keep running on the server. Loading the page again usually helps.",
                class_name="text-muted",
            ),
            rx.el.a("Load again", href="/", class_name="button button-primary justify-self-start"),
            class_name="mx-auto max-w-form p-6 pt-16 grid gap-4",
            role="alert",
        )
    )
