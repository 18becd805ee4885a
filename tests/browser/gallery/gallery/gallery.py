"""Every component in every state, with fixed values: what the screenshots are looked at for.

It is an application of its own and never part of the product.
"""

import dataclasses

import reflex as rx
from gallery import samples

from components import build, theme
from components.account import AuthForm
from components.boot import head
from components.decisions import decision_stream
from components.dialogs import Notice
from components.distance import DistanceBarView
from components.header import details, header
from components.position_card import Actions, position_card
from components.protect import chart_panel, empty, failed, layout, loading, position_list
from components.safety import SafetyView
from components.shell import bare, shell
from components.text import t
from state.rows import DecisionRow, PositionRow

build.generate()

POSITIONS = rx.Var.create([dataclasses.asdict(one) for one in samples.POSITIONS]).to(list[PositionRow])
DECISIONS = rx.Var.create([dataclasses.asdict(one) for one in samples.DECISIONS]).to(list[DecisionRow])


def _log(name: str):
    return lambda *_: rx.console_log(name)


ACTIONS = Actions(**{field.name: _log(field.name) for field in dataclasses.fields(Actions)})


def _case(title: str, *children: rx.Component) -> rx.Component:
    return rx.el.section(
        rx.el.h2(title, class_name="text-12 text-muted mb-3"), *children, class_name="panel p-4 lg:p-5"
    )


def _sheet(*cases: rx.Component) -> rx.Component:
    return rx.el.main(*cases, class_name="mx-auto max-w-[60rem] p-4 grid gap-4")


def protect() -> rx.Component:
    numbers = details(*(rx.Var.create(one) for one in (155_010, 87_600, 9_844_990)), known=True)
    return shell(
        layout(
            header(POSITIONS, "ready", numbers, rx.fragment()),
            position_list(POSITIONS, ACTIONS, rx.Var.create("a")),
            numbers,
            chart_panel(POSITIONS[0]),
            decision_stream(DECISIONS),
        )
    )


def bars() -> rx.Component:
    return _sheet(
        rx.el.h1(t("Protect"), class_name="text-20 font-semibold"),
        *(_case(title, DistanceBarView.create(**values)) for title, values in samples.BARS.items()),
    )


def states() -> rx.Component:
    return _sheet(
        *(
            _case(status, SafetyView.create(status=status, text="nearest 8.4%"))
            for status in samples.STATUSES
        ),
        *(
            position_card(
                rx.Var.create(dataclasses.asdict(one)).to(PositionRow), ACTIONS, rx.Var.create(False)
            )
            for one in samples.CARDS
        ),
        loading(),
        empty(rx.el.button("Open a paper position", class_name="button button-primary")),
        failed(rx.Var.create("The database does not answer."), rx.console_log("retry")),
        decision_stream(rx.Var.create([]).to(list[DecisionRow])),
        decision_stream(DECISIONS),
        Notice.create(text="Added 12 400 sats to long 1,000 USD.", level="safe", number=1),
    )


def sign_in() -> rx.Component:
    return bare(AuthForm.create(mode="signIn"))


app = rx.App(stylesheets=[theme.STYLESHEET], head_components=head(), toaster=None, enable_state=False)
app.add_page(protect, route="/", title="Protect")
app.add_page(bars, route="/bars", title="Bars")
app.add_page(states, route="/states", title="States")
app.add_page(sign_in, route="/sign-in", title="Sign in")
