"""`/start/`: from nothing to a guarded position in three steps."""

import reflex as rx

from components.account import AuthForm
from components.controls import field, problem, sentence
from components.distance import DistanceBarView
from components.guard_dialog import guard_fields
from components.icons import icon
from components.market import MarketTape
from components.shell import bare
from components.text import t
from components.ticket import order_fields
from components.values import Shown
from state.start import BALANCE, StartState


def page() -> rx.Component:
    return rx.fragment(
        rx.cond(StartState.step == "position", MarketTape.create()),
        bare(
            rx.el.section(
                rx.match(
                    StartState.step,
                    ("owner", _owner()),
                    ("account", _account()),
                    ("position", _position()),
                    _waiting(),
                ),
                class_name="mx-auto w-full max-w-dialog pt-2 sm:pt-10",
            )
        ),
    )


def _step(number: int, title: Shown, explained: Shown, *content: rx.Component) -> rx.Component:
    return rx.el.div(
        rx.el.ol(
            *(
                rx.el.li(custom_attrs={"data-done": "true" if one <= number else "false"})
                for one in (1, 2, 3)
            ),
            class_name="steps",
            aria_hidden="true",
        ),
        rx.el.div(
            rx.el.p(t("Step {number} of 3", number=str(number)), class_name="text-13 text-muted"),
            rx.el.h1(title, class_name="text-28 font-semibold"),
            rx.el.p(explained, class_name="text-muted mt-1"),
        ),
        *content,
        class_name="grid gap-5",
    )


def _owner() -> rx.Component:
    return _step(
        1,
        t("Create the owner account"),
        t("Axisor runs on your machine. This account is the only way into it."),
        AuthForm.create(mode="setup"),
    )


def _account() -> rx.Component:
    return _step(
        2,
        t("Open a paper account"),
        t("Simulated sats, a market with real rules: fees, funding, liquidation. Nothing can be lost."),
        rx.el.form(
            field(t("Balance to start with"), "balance", BALANCE, "sats"),
            problem(StartState.problem),
            rx.el.button(
                icon("paper"), t("Open paper account"), class_name="button button-primary button-wide"
            ),
            on_submit=StartState.open_account,
            class_name="grid gap-4",
            no_validate=True,
        ),
    )


def _position() -> rx.Component:
    fields = StartState.fields
    return _step(
        3,
        t("Open a position and guard it"),
        t("Everything is filled in. Change what you like; the sentences say what will happen."),
        rx.cond(StartState.preview.liquidation > 0, _preview(StartState.preview)),
        rx.el.form(
            order_fields(StartState.edit, fields["side"], fields["quantity"], fields["leverage"]),
            sentence(StartState.order_sentence),
            guard_fields(StartState.edit, fields, StartState.guard_sentence),
            problem(StartState.problem),
            rx.el.div(
                rx.el.button(
                    icon("protect"), t("Open and guard"), class_name="button button-primary button-wide"
                ),
                class_name="finish",
            ),
            on_submit=StartState.arm,
            class_name="grid gap-4",
            no_validate=True,
        ),
    )


def _preview(planned: Shown) -> rx.Component:
    """The position as it would stand: the instrument is met before it matters."""
    return rx.el.div(
        DistanceBarView.create(
            side=planned.side,
            entry=planned.entry,
            liquidation=planned.liquidation,
            distance=planned.distance,
            trigger=planned.trigger,
            target=planned.target,
            state=planned.state,
            trigger_price=planned.trigger_price,
            would_add=planned.would_add,
            budget_left=planned.budget_left,
        ),
        class_name="panel card",
    )


def _waiting() -> rx.Component:
    """The layout of a step before it is known which."""
    return rx.el.div(
        rx.el.div(class_name="skeleton h-1"),
        rx.el.div(class_name="skeleton h-9 w-72 max-w-full"),
        rx.el.div(class_name="skeleton h-11"),
        rx.el.div(class_name="skeleton h-11"),
        rx.el.div(class_name="skeleton h-11"),
        rx.el.p(t("One moment."), class_name="sr-only", role="status"),
        class_name="grid gap-5",
    )
