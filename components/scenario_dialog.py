"""Choosing a disaster for a paper account."""

import reflex as rx

from components.controls import problem
from components.dialogs import Dialog
from components.icons import icon
from components.text import t
from components.values import Shown
from state.scenario import ScenarioState


def scenario_dialog() -> rx.Component:
    """One click starts it: no money is at stake, and *Stop* is always in sight."""
    return Dialog.create(
        rx.el.p(
            t("Puts your paper account through a price path, so that you see the guards act."),
            class_name="text-muted",
        ),
        rx.el.div(
            _scenario("crash", t("Crash"), t("A quarter is lost in 40 seconds, with bounces.")),
            _scenario("flash-crash", t("Flash crash"), t("15% down in 6 seconds, back in 20.")),
            _scenario("slow-bleed", t("Slow bleed"), t("12% down over a minute and a half.")),
            _scenario("squeeze", t("Squeeze"), t("A fifth up in 40 seconds: what shorts fear.")),
            class_name="grid gap-2",
        ),
        problem(ScenarioState.problem),
        open=ScenarioState.open,
        heading=t("Play a scenario"),
        on_leave=ScenarioState.leave,
    )


def _scenario(name: str, title: Shown, story: Shown) -> rx.Component:
    return rx.el.button(
        rx.el.span(
            rx.el.span(title, class_name="block font-semibold"),
            rx.el.span(story, class_name="block text-13 text-muted"),
            class_name="grow text-left",
        ),
        icon("play", 16, class_name="text-accent-text"),
        type="button",
        class_name="option",
        on_click=ScenarioState.begin(name),
    )
