"""The dialog of a new order."""

import reflex as rx

from components.controls import DEBOUNCE_MS, choice, field, footer, problem, sentence
from components.dialogs import Dialog
from components.text import t
from components.values import Do, Shown
from state.ticket import TicketState


def order_fields(edit: Do, side: Shown, quantity: Shown, leverage: Shown) -> rx.Component:
    """Side, quantity and leverage; `edit(name, value)` is told of each change."""

    def changed(name: str) -> Do:
        return edit(name).debounce(DEBOUNCE_MS)

    return rx.fragment(
        rx.el.fieldset(
            rx.el.legend(t("Side"), class_name="field-label mb-1.5"),
            rx.el.div(
                choice(
                    "side",
                    "buy",
                    t("Long"),
                    side == "buy",
                    t("profits when the price rises"),
                    on_change=edit("side"),
                ),
                choice(
                    "side",
                    "sell",
                    t("Short"),
                    side == "sell",
                    t("profits when it falls"),
                    on_change=edit("side"),
                ),
                class_name="flex gap-2",
            ),
        ),
        rx.el.div(
            field(t("Quantity"), "quantity", quantity, "USD", changed("quantity")),
            field(t("Leverage"), "leverage", leverage, "x", changed("leverage")),
            class_name="grid grid-cols-2 gap-3",
        ),
    )


def ticket_dialog() -> rx.Component:
    return Dialog.create(
        rx.el.form(
            order_fields(TicketState.edit, TicketState.side, TicketState.quantity, TicketState.leverage),
            sentence(TicketState.sentence),
            problem(TicketState.problem),
            footer(
                rx.el.button(
                    rx.cond(TicketState.side == "buy", t("Open long"), t("Open short")),
                    class_name="button button-primary",
                    disabled=TicketState.problem != "",
                ),
                leave=TicketState.leave,
            ),
            on_submit=TicketState.order,
            class_name="grid gap-4",
            no_validate=True,
        ),
        open=TicketState.open,
        heading=t("Open a position"),
        on_leave=TicketState.leave,
    )
