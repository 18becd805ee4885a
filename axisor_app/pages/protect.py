"""`/`: everything that is running, and whether it is safe."""

import reflex as rx

from components.decisions import decision_stream
from components.dialogs import Notice
from components.guard_dialog import guard_dialog
from components.header import details, header
from components.icons import icon
from components.market import WhenChanged
from components.order_dialogs import close_dialog, margin_dialog
from components.position_card import Actions
from components.protect import chart_panel, empty, failed, layout, loading, position_list
from components.scenario_dialog import scenario_dialog
from components.shell import shell
from components.text import t
from components.ticket import ticket_dialog
from state.guarding import GuardState
from state.orders import OrderState
from state.protect import ProtectState
from state.scenario import ScenarioState
from state.session import SessionState
from state.ticket import TicketState

_ACTIONS = Actions(
    add_margin=OrderState.ask_margin,
    close=OrderState.ask_close,
    guard=GuardState.start,
    pause=ProtectState.pause,
    resume=ProtectState.resume,
    select=ProtectState.select,
)


def page() -> rx.Component:
    return rx.fragment(
        shell(
            layout(
                header(ProtectState.positions, ProtectState.status, _facts(), _tools()),
                _positions(),
                rx.el.div(_tools(), _facts(), class_name="grid gap-4"),
                chart_panel(ProtectState.selected),
                decision_stream(ProtectState.decisions),
            ),
            on_language=[SessionState.choose_language, ProtectState.refresh],
            on_stop=ScenarioState.stop,
        ),
        WhenChanged.create(on_changed=ProtectState.refresh),
        ticket_dialog(),
        margin_dialog(),
        close_dialog(),
        guard_dialog(),
        scenario_dialog(),
        Notice.create(
            text=ProtectState.notice, level=ProtectState.notice_level, number=ProtectState.notice_number
        ),
    )


def _positions() -> rx.Component:
    return rx.match(
        ProtectState.status,
        ("loading", loading()),
        ("failed", failed(ProtectState.problem, ProtectState.refresh)),
        rx.cond(
            ProtectState.positions,
            position_list(ProtectState.positions, _ACTIONS, ProtectState.selected.id),
            empty(
                rx.el.button(
                    t("Open a position"),
                    type="button",
                    class_name="button button-primary",
                    on_click=TicketState.start,
                )
            ),
        ),
    )


def _facts() -> rx.Component:
    return details(
        ProtectState.at_risk, ProtectState.budget_left, ProtectState.balance, ProtectState.status == "ready"
    )


def _tools() -> rx.Component:
    return rx.el.div(
        rx.el.button(
            icon("wave", 16), t("Scenario"), type="button", class_name="button", on_click=ScenarioState.show
        ),
        rx.el.button(
            icon("plus", 16),
            t("Open a position"),
            type="button",
            class_name="button",
            on_click=TicketState.start,
        ),
        class_name="flex gap-2",
    )
