"""The top of Protect: am I safe, what does bitcoin cost, how fresh is that."""

import reflex as rx

from components.icons import mark
from components.market import Change, Freshness, Funding, Price
from components.numbers import sats
from components.safety import Safety
from components.text import t
from components.values import Shown


def header(positions: Shown, read: Shown, facts: rx.Component, tools: rx.Component) -> rx.Component:
    """Safety first, always in sight on a phone; price and its age beside it."""
    return rx.el.header(
        rx.el.div(
            _brand(),
            Freshness.create(),
            class_name="flex items-center justify-between pt-1 lg:hidden",
        ),
        rx.el.div(
            rx.el.div(
                Price.create(),
                rx.el.div(
                    rx.el.div(Freshness.create(), class_name="hidden lg:block"),
                    Change.create(),
                    class_name="grid justify-items-end lg:justify-items-start gap-0.5",
                ),
                class_name="flex items-center justify-between lg:justify-end gap-4 lg:order-last",
            ),
            rx.el.div(
                Safety.create(positions=positions, read=read),
                class_name="min-w-0 sticky top-2 z-10 lg:static",
            ),
            class_name="contents lg:grid lg:grid-cols-[1fr_auto] lg:items-center lg:gap-6",
        ),
        rx.el.div(details(facts), tools, class_name="hidden lg:flex items-center justify-between gap-6"),
        class_name="contents lg:grid lg:gap-3",
    )


def details(facts: rx.Component) -> rx.Component:
    """Amounts and funding in one line where there is room."""
    return rx.el.div(
        facts,
        Funding.create(),
        class_name="flex flex-wrap items-center gap-x-6 gap-y-1 text-13 text-muted",
    )


def _brand() -> rx.Component:
    return rx.el.span(
        mark(24),
        rx.el.span("AXISOR", class_name="text-14 font-semibold tracking-[0.18em]"),
        class_name="inline-flex items-center gap-2.5",
    )


def fact(label: Shown, value: Shown) -> rx.Component:
    """One amount of the account, with its name."""
    return rx.el.span(
        label,
        " ",
        rx.el.span(sats(value=value), class_name="text-text font-medium"),
        class_name="whitespace-nowrap",
    )


def facts(at_risk: Shown, budget_left: Shown, balance: Shown) -> rx.Component:
    return rx.fragment(
        fact(t("Margin at risk"), at_risk),
        fact(t("Guard budget left"), budget_left),
        fact(t("Balance"), balance),
    )
