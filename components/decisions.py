"""The decision stream: what the guards concluded and why, also when they did nothing."""

import reflex as rx

from components.icons import icon
from components.numbers import ago
from components.text import t
from state.rows import DecisionRow, IntentRow, ReasonRow


def decision_stream(decisions: rx.Var[list[DecisionRow]]) -> rx.Component:
    return rx.el.section(
        rx.el.h2(t("Decisions"), class_name="text-16 font-semibold"),
        rx.cond(
            decisions.length() > 0,
            rx.el.div(rx.foreach(decisions, _decision), class_name="mt-3"),
            rx.el.p(
                t(
                    "Nothing decided yet. Every look that a guard takes at a position appears here, with its reasons."
                ),
                class_name="mt-3 text-13 text-muted",
            ),
        ),
        class_name="panel p-4 lg:p-5",
    )


def _decision(decision: DecisionRow) -> rx.Component:
    return rx.el.details(
        rx.el.summary(
            _shape(decision.outcome),
            rx.el.span(
                rx.el.span(decision.headline, class_name="decision-headline text-14 block"),
                rx.el.span(
                    ago(at=decision.at),
                    rx.cond(decision.position != "", rx.el.span(" · ", decision.position)),
                    class_name="text-12 text-muted",
                ),
                class_name="min-w-0",
            ),
            icon("right", 14, class_name="turn text-muted mt-1"),
        ),
        rx.el.ul(
            rx.foreach(decision.intents, _intent),
            rx.foreach(decision.reasons, _reason),
            class_name="grid gap-1.5 pb-3 pl-7 text-13",
        ),
        class_name="decision",
        key=decision.id,
    )


def _shape(outcome: rx.Var[str]) -> rx.Component:
    return rx.match(
        outcome,
        ("acting", _sign("acting", "level-accent text-level", t("Acted"))),
        ("blocked", _sign("blocked", "level-danger text-level", t("Blocked"))),
        ("finished", _sign("check", "level-info text-level", t("Finished"))),
        _sign("safe", "level-safe text-level", t("Watched")),
    )


def _sign(name: str, tone: str, word: rx.Var[str]) -> rx.Component:
    return rx.el.span(icon(name, 18), rx.el.span(word, class_name="sr-only"), class_name=tone)


def _intent(intent: IntentRow) -> rx.Component:
    return rx.el.li(
        icon("acting", 14, class_name="text-accent-text mt-0.5"),
        intent.text,
        class_name="flex gap-2 font-medium",
    )


def _reason(reason: ReasonRow) -> rx.Component:
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
