"""The frame of every signed-in page: brand, places, what kind of market this is."""

import reflex as rx

from components.account import LanguageSwitch, Preferences, SignOut
from components.icons import icon, mark
from components.market import MarketTape
from components.text import t
from components.values import Do
from services.catalogue import LANGUAGES

_MORE = "more"
_LANGUAGES = [[tag, name] for tag, name in LANGUAGES.items()]


def shell(
    *content: rx.Component,
    on_language: Do | None = None,
    on_stop: Do | None = None,
) -> rx.Component:
    """A page with the rail on wide screens and the bar on narrow ones."""
    return rx.fragment(
        rx.el.a(
            t("Skip to content"),
            href="#content",
            class_name="sr-only focus:not-sr-only focus:fixed focus:z-50 focus:m-2 button button-primary",
        ),
        rx.el.div(
            MarketTape.create(**({} if on_stop is None else {"on_stop": on_stop})),
            rx.el.main(*content, id="content", tab_index=-1, class_name="outline-none"),
            class_name="beside-rail min-h-dvh pb-24 lg:pb-8",
        ),
        _rail(),
        _bar(),
        _more(on_language),
    )


def _rail() -> rx.Component:
    return rx.el.nav(
        rx.el.a(mark(30), href="/", aria_label="Axisor", class_name="mb-4 p-2"),
        _protect(),
        rx.el.div(class_name="grow"),
        _more_button(),
        class_name="rail",
        aria_label=t("Places"),
    )


def _bar() -> rx.Component:
    return rx.el.nav(_protect(), _more_button(), class_name="bar", aria_label=t("Places"))


def _protect() -> rx.Component:
    return rx.el.a(
        icon("protect", 22), t("Protect"), href="/", class_name="place", custom_attrs={"aria-current": "page"}
    )


def _more_button() -> rx.Component:
    return rx.el.button(
        icon("more", 22),
        t("More"),
        type="button",
        class_name="place",
        custom_attrs={"popoverTarget": _MORE},
    )


def _more(on_language: Do | None) -> rx.Component:
    """Preferences and the way out; a native popover, so that it closes by itself."""
    handlers = {} if on_language is None else {"on_language": on_language}
    return rx.el.div(
        rx.el.h2(t("More"), class_name="text-16 font-semibold mb-4"),
        Preferences.create(languages=_LANGUAGES, **handlers),
        rx.el.div(SignOut.create(), class_name="mt-6"),
        id=_MORE,
        class_name="sheet",
        custom_attrs={"popover": "auto"},
    )


def bare(*content: rx.Component) -> rx.Component:
    """A page before anybody is signed in: the brand and one thing to do."""
    return rx.el.div(
        rx.el.header(
            rx.el.a(
                mark(30),
                rx.el.span("AXISOR", class_name="text-16 font-semibold tracking-[0.18em]"),
                href="/",
                class_name="inline-flex items-center gap-3",
            ),
            LanguageSwitch.create(languages=_LANGUAGES),
            class_name="flex items-center justify-between px-4 sm:px-8 py-4",
        ),
        rx.el.main(*content, id="content", class_name="px-4 pb-16"),
        class_name="min-h-dvh flex flex-col",
    )
