"""One running trade: what it is, how far it is from liquidation, what protects it, what to do."""

from dataclasses import dataclass

import reflex as rx

from components.distance import DistanceBar
from components.guard import guard_chip, venue_chip
from components.icons import icon
from components.numbers import leverage, sats, usd
from components.safety import Profit
from components.text import t
from components.values import Do, Shown


@dataclass(frozen=True)
class Actions:
    """What the buttons of a card do; each gets the position's id."""

    add_margin: Do
    close: Do
    guard: Do
    pause: Do
    resume: Do
    select: Do


def position_card(position: Shown, actions: Actions, selected: Shown) -> rx.Component:
    """A card on a phone, a row with the same parts on a wide screen."""
    return rx.el.article(
        _head(position, actions, selected),
        DistanceBar.create(
            guard_chip(position.state),
            position_id=position.id,
            side=position.side,
            entry=position.entry,
            liquidation=position.liquidation,
            distance=position.distance,
            trigger=position.trigger,
            target=position.target,
            state=position.state,
            headline=position.headline,
            trigger_price=position.trigger_price,
            would_add=position.would_add,
            budget_left=position.budget_left,
        ),
        _buttons(position, actions),
        class_name=rx.cond(selected, "panel card card-selected", "panel card"),
        key=position.id,
    )


def _head(position: Shown, actions: Actions, selected: Shown) -> rx.Component:
    return rx.el.header(
        rx.el.h3(
            rx.el.button(
                rx.cond(position.side == "buy", t("Long"), t("Short")),
                " ",
                usd(value=position.quantity, unit=True),
                rx.el.span(" · ", class_name="text-muted"),
                leverage(value=position.leverage),
                type="button",
                class_name="title-button",
                title=t("Show in the chart"),
                aria_pressed=selected,
                on_click=actions.select(position.id),
            ),
            class_name="text-16 font-semibold whitespace-nowrap",
        ),
        Profit.create(position_id=position.id, value=position.profit, margin=position.margin),
        rx.el.dl(
            venue_chip(position.venue),
            _fact(t("Margin"), sats(value=position.margin), "fact"),
            _fact(t("Entry"), usd(value=position.entry, places=1), "fact hidden md:flex"),
            _fact(t("Liquidation"), usd(value=position.liquidation, places=1), "fact hidden md:flex"),
            class_name="flex items-center gap-x-4 text-13",
        ),
        class_name="card-head",
    )


def _fact(label: Shown, value: rx.Component, look: str) -> rx.Component:
    return rx.el.div(
        rx.el.dt(label, class_name="text-muted"), rx.el.dd(value, class_name="font-medium"), class_name=look
    )


def _buttons(position: Shown, actions: Actions) -> rx.Component:
    """Words where there is room; on a phone the guard's two are pictures with a name."""
    return rx.el.div(
        rx.el.button(
            t("Add margin"),
            type="button",
            class_name="button grow sm:grow-0",
            on_click=actions.add_margin(position.id),
        ),
        rx.el.button(
            t("Close"), type="button", class_name="button grow sm:grow-0", on_click=actions.close(position.id)
        ),
        rx.el.div(class_name="hidden sm:block grow"),
        rx.match(
            position.state,
            ("", rx.fragment()),
            ("finished", rx.fragment()),
            ("paused", _guard_button("play", t("Resume guard"), actions.resume(position.id))),
            _guard_button("pause", t("Pause guard"), actions.pause(position.id)),
        ),
        rx.cond(
            position.state == "",
            rx.el.button(
                icon("protect", 16),
                t("Guard it"),
                type="button",
                class_name="button button-primary grow sm:grow-0",
                on_click=actions.guard(position.id),
            ),
            _guard_button("edit", t("Edit guard"), actions.guard(position.id)),
        ),
        class_name="flex flex-wrap gap-2",
    )


def _guard_button(shape: str, word: Shown, do: Do) -> rx.Component:
    return rx.el.button(
        icon(shape, 16),
        rx.el.span(word, class_name="sr-only sm:not-sr-only"),
        type="button",
        class_name="button button-picture",
        on_click=do,
    )


def skeleton_card() -> rx.Component:
    """The card's own layout before anything is known."""
    line = "skeleton h-4"
    return rx.el.div(
        rx.el.div(
            rx.el.div(class_name=f"{line} w-44"),
            rx.el.div(class_name=f"{line} w-28"),
            class_name="flex justify-between",
        ),
        rx.el.div(class_name=f"{line} w-64 max-w-full"),
        rx.el.div(class_name="skeleton h-20"),
        rx.el.div(class_name=f"{line} w-full"),
        rx.el.div(class_name="skeleton h-9 w-56 max-w-full"),
        class_name="panel card card-waiting content-between",
        aria_hidden="true",
    )
