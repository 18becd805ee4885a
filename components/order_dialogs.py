"""The two questions before money moves on a running position."""

import reflex as rx

from components.controls import DEBOUNCE_MS, field, footer, problem, sentence
from components.dialogs import Dialog
from components.numbers import sats
from components.text import t
from state.orders import OrderState


def margin_dialog() -> rx.Component:
    """Filled in with what the target needs."""
    return Dialog.create(
        rx.el.p(OrderState.label, class_name="text-muted -mt-3"),
        rx.el.form(
            field(
                t("Margin to add"),
                "amount",
                OrderState.amount,
                "sats",
                OrderState.edit_amount.debounce(DEBOUNCE_MS),
            ),
            rx.el.p(
                rx.cond(
                    OrderState.to_target > 0,
                    rx.el.span(t("Back to the guard's target:"), " ", sats(value=OrderState.to_target), ". "),
                ),
                t("Fits at most:"),
                " ",
                sats(value=OrderState.room),
                ".",
                class_name="field-hint",
            ),
            sentence(OrderState.sentence),
            problem(OrderState.problem),
            footer(
                rx.el.button(
                    t("Add margin"), class_name="button button-primary", disabled=OrderState.sentence == ""
                ),
                leave=OrderState.leave,
            ),
            on_submit=OrderState.add_margin,
            class_name="grid gap-4",
            no_validate=True,
        ),
        open=OrderState.asking == "margin",
        heading=t("Add margin"),
        on_leave=OrderState.leave,
    )


def close_dialog() -> rx.Component:
    """Names amount, account and venue, and what keeps running."""
    return Dialog.create(
        sentence(OrderState.sentence),
        problem(OrderState.problem),
        footer(
            rx.el.button(
                t("Close {label}", label=OrderState.label),
                type="button",
                class_name="button button-danger",
                disabled=OrderState.sentence == "",
                on_click=OrderState.close_position,
            ),
            leave=OrderState.leave,
        ),
        open=OrderState.asking == "close",
        heading=t("Close this position?"),
        on_leave=OrderState.leave,
    )
