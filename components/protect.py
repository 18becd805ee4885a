"""The layout of Protect, apart from where its numbers come from."""

import reflex as rx

from components.icons import icon
from components.market import CandleChart
from components.position_card import Actions, position_card, skeleton_card
from components.text import t
from components.values import Do, Shown


def layout(
    top: rx.Component,
    positions: rx.Component,
    below: rx.Component,
    chart: rx.Component,
    decisions: rx.Component,
) -> rx.Component:
    """Positions first; then decisions and chart below each other, or beside where there is room.

    `below` is what the header has no room for on a phone.
    """
    return rx.el.div(
        rx.el.h1(t("Protect"), class_name="sr-only"),
        top,
        rx.el.div(
            rx.el.section(rx.el.h2(t("Positions"), class_name="sr-only"), positions, class_name="min-w-0"),
            rx.el.div(below, class_name="lg:hidden"),
            rx.el.aside(
                decisions,
                class_name="min-w-0 xl:col-start-2 xl:row-start-1 xl:row-span-2",
                aria_label=t("Decisions"),
            ),
            rx.el.div(chart, class_name="min-w-0 xl:col-start-1"),
            class_name="grid gap-4 xl:grid-cols-[minmax(0,1fr)_23rem] xl:grid-rows-[auto_1fr]",
        ),
        class_name="mx-auto max-w-page grid gap-3 lg:gap-4 px-3 sm:px-6 py-4 lg:py-5",
    )


def position_list(positions: Shown, actions: Actions, selected: Shown) -> rx.Component:
    return rx.el.div(
        rx.foreach(positions, lambda one: position_card(one, actions, selected == one.id)),
        class_name="grid gap-3",
    )


def chart_panel(position: Shown) -> rx.Component:
    """Candles with the lines of one position; without one, the candles alone."""
    return rx.el.section(
        rx.el.h2(t("Chart"), class_name="sr-only"),
        rx.el.div(
            CandleChart.create(
                entry=position.entry,
                liquidation=position.liquidation,
                trigger=rx.cond(position.trigger_price, position.trigger_price, 0),
                target=rx.cond(position.target_price, position.target_price, 0),
            ),
            class_name="chart-room",
        ),
        class_name="panel p-3 lg:p-5",
    )


def loading() -> rx.Component:
    return rx.el.div(
        rx.el.p(t("Loading your positions."), class_name="sr-only", role="status"),
        skeleton_card(),
        class_name="grid gap-3",
    )


def empty(action: rx.Component) -> rx.Component:
    """No position: say so, and offer the next step."""
    return rx.el.section(
        icon("protect", 36, class_name="text-muted"),
        rx.el.h3(t("No position is open"), class_name="text-20 font-semibold"),
        rx.el.p(
            t("Open one and Margin Guard watches it on every tick, day and night."),
            class_name="text-muted max-w-[26rem]",
        ),
        action,
        class_name="panel p-8 grid gap-3 justify-items-center text-center",
    )


def failed(sentence: Shown, retry: Do) -> rx.Component:
    """The positions could not be read: what happened, what still holds, what to do."""
    return rx.el.section(
        rx.el.p(
            icon("danger", 20, class_name="text-danger mt-0.5"),
            rx.el.span(sentence),
            class_name="flex gap-3",
            role="alert",
        ),
        rx.el.p(t("Guards keep running on the server."), class_name="text-muted"),
        rx.el.button(t("Read again"), type="button", class_name="button justify-self-start", on_click=retry),
        class_name="panel card",
    )
