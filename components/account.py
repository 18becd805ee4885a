"""Signing in, signing out and the person's preferences, as components."""

import reflex as rx

from components.local import PATHS, Local
from components.values import Shown


class AuthForm(Local):
    """`mode` is `setup` or `signIn`; see `auth_form.jsx`."""

    library = PATHS["auth_form.jsx"]
    tag = "AuthForm"

    mode: rx.Var[str]


class SignOut(Local):
    library = PATHS["auth_form.jsx"]
    tag = "SignOut"


def _tag(language: Shown) -> list[rx.Var[str]]:
    return [language]


class LanguageSwitch(Local):
    """The languages in a row, for pages without a menu."""

    library = PATHS["preferences.jsx"]
    tag = "LanguageSwitch"

    languages: rx.Var[list[list[str]]]


class Preferences(Local):
    """`languages` is a list of [tag, own name]; `on_language` gets the chosen tag."""

    library = PATHS["preferences.jsx"]
    tag = "Preferences"

    languages: rx.Var[list[list[str]]]
    on_language: rx.EventHandler[_tag]  # type: ignore[type-arg, valid-type]
