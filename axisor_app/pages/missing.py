"""Whatever is not there: says so, and leads back."""

import reflex as rx

from components.shell import bare
from components.text import t


def page() -> rx.Component:
    return bare(
        rx.el.section(
            rx.el.p("404", class_name="text-16 text-muted"),
            rx.el.h1(t("There is no such page"), class_name="text-28 font-semibold"),
            rx.el.p(
                t("The address may be old or mistyped. Your positions and guards are not affected."),
                class_name="text-muted",
            ),
            rx.el.a(t("Back to Protect"), href="/", class_name="button button-primary justify-self-start"),
            class_name="mx-auto w-full max-w-form grid gap-4 pt-4 sm:pt-16",
        )
    )
