"""The decision stream: what the guards concluded and why, also when they did nothing."""

import reflex as rx

from components.icons import icon
from components.numbers import ago
from components.text import t
from components.values import Shown


def decision_stream(decisions: Shown) -> rx.Component:
    return rx.el.section(
        rx.el.h2(t("Decisions"), class_name="text-16 font-semibold"),
        rx.cond(
            decisions.length() > 0,
            rx.el.div(rx.foreach(decisions, _decision), class_name="mt-3"),
            rx.el.p(
                t("Nothing decided yet. What the guards conclude appears here, with their reasons."),
                class_name="mt-3 text-13 text-muted",
            ),
        ),
        class_name="panel p-4 lg:p-5",
    )


def _decision(decision: Shown) -> rx.Component:
    """One line, which opens into its reasons when it has any."""
    return rx.cond(
        decision.reasons.length() > 0,
        rx.el.details(
            rx.el.summary(
                *_line(decision),
                icon("right", 14, class_name="turn text-muted mt-1"),
                class_name="decision-line",
            ),
            rx.el.ul(rx.foreach(decision.reasons, _reason), class_name="grid gap-1.5 pl-7 text-13"),
            rx.el.p(
                t("Price source: {source}", source=decision.source),
                class_name="pt-2 pb-3 pl-7 text-12 text-muted",
            ),
            class_name=rx.cond(decision.outcome == "watching", "decision decision-quiet", "decision"),
            key=decision.id,
        ),
        rx.el.div(*_line(decision), class_name="decision decision-line", key=decision.id),
    )


def _line(decision: Shown) -> tuple[rx.Component, rx.Component]:
    return (
        _shape(decision.outcome),
        rx.el.span(
            rx.el.span(decision.headline, class_name="decision-headline text-14 block"),
            rx.el.span(
                ago(at=decision.at),
                " ",
                decision.position,
                class_name="text-12 text-muted",
            ),
            class_name="min-w-0",
        ),
    )


def _shape(outcome: Shown) -> rx.Component:
    return rx.match(
        outcome,
        ("acting", _sign("acting", "level-accent text-level", t("Acted"))),
        ("blocked", _sign("blocked", "level-danger text-level", t("Blocked"))),
        ("liquidated", _sign("danger", "level-danger text-level", t("Liquidated"))),
        ("order", _sign("edit", "text-text", t("Ordered by you"))),
        ("finished", _sign("check", "level-info text-level", t("Finished"))),
        _sign("safe", "level-safe text-level", t("Watched")),
    )


def _sign(name: str, tone: str, word: Shown) -> rx.Component:
    return rx.el.span(icon(name, 18), rx.el.span(word, class_name="sr-only"), class_name=tone)


def _reason(reason: Shown) -> rx.Component:
    return rx.el.li(
        rx.match(
            reason.verdict,
            ("passed", _sign("check", "text-muted", t("Yes:"))),
            ("failed", _sign("dash", "text-muted", t("No:"))),
            _sign("question", "text-watch", t("Unknown:")),
        ),
        rx.el.span(reason.text),
        class_name="flex gap-2 text-muted",
    )
