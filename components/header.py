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
        rx.el.div(facts, tools, class_name="hidden lg:flex items-center justify-between gap-6"),
        class_name="contents lg:grid lg:gap-3",
    )


def details(at_risk: Shown, budget_left: Shown, balance: Shown, known: Shown) -> rx.Component:
    """Amounts and funding: a line where there is room, two columns on a phone, always as high."""
    return rx.el.dl(
        _fact(t("Margin at risk"), at_risk, known),
        _fact(t("Guard budget left"), budget_left, known),
        _fact(t("Balance"), balance, known),
        Funding.create(),
        class_name="facts",
    )


def _fact(label: Shown, amount: Shown, known: Shown) -> rx.Component:
    """One amount of the account; nothing is said about it before it is known."""
    return rx.el.div(
        rx.el.dt(label),
        rx.el.dd(rx.cond(known, sats(value=amount), rx.el.span("000 000 sats", class_name="skeleton"))),
    )


def _brand() -> rx.Component:
    return rx.el.span(
        mark(24),
        rx.el.span("AXISOR", class_name="text-14 font-semibold tracking-[0.18em]"),
        class_name="inline-flex items-center gap-2.5",
    )
