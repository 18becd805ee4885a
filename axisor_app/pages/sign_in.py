"""`/sign-in/`: name and password."""

import reflex as rx

from components.account import AuthForm
from components.shell import bare
from components.text import t


def page() -> rx.Component:
    return bare(
        rx.el.section(
            rx.el.h1(t("Sign in"), class_name="text-28 font-semibold"),
            rx.el.p(t("Guards keep running whether you are signed in or not."), class_name="text-muted"),
            AuthForm.create(mode="signIn"),
            class_name="mx-auto w-full max-w-form grid gap-5 pt-4 sm:pt-16",
        )
    )
