"""Form parts: one look, one way to say what is wrong."""

import reflex as rx

from components.icons import icon
from components.text import t
from components.values import Do, Shown

DEBOUNCE_MS = 250


def field(
    label: Shown,
    name: str,
    value: Shown,
    unit: Shown,
    on_change: Do | None = None,
    *,
    required: bool = True,
    hint: Shown | None = None,
) -> rx.Component:
    """A number with its unit. Browsers check nothing here: the service says what is allowed."""
    handlers = {} if on_change is None else {"on_change": on_change}
    return rx.el.label(
        rx.el.span(label, class_name="field-label"),
        rx.el.span(
            rx.el.input(
                name=name,
                default_value=value,
                class_name="input",
                input_mode="decimal",
                auto_complete="off",
                required=required,
                max_length=24,
                **handlers,
            ),
            rx.el.span(unit, class_name="input-unit", aria_hidden="true"),
            class_name="input-group",
        ),
        rx.el.span(hint, class_name="field-hint") if hint is not None else rx.fragment(),
        class_name="field",
    )


def choice(
    name: str, value: str, text: Shown, checked: Shown, hint: Shown = "", **props: object
) -> rx.Component:
    """One of several, as a button that stays pressed."""
    return rx.el.label(
        rx.el.input(type="radio", name=name, value=value, default_checked=checked, **props),
        rx.el.span(text, rx.el.span(hint, class_name="text-12 font-normal text-muted empty:hidden")),
        class_name="choice grow basis-0",
    )


def sentence(text: Shown) -> rx.Component:
    """What will happen, said before it happens. Keeps its room while it is being worked out."""
    return rx.el.p(text, class_name="promise", aria_live="polite")


def problem(text: Shown) -> rx.Component:
    return rx.el.div(
        rx.cond(
            text != "",
            rx.el.p(icon("danger", 18, class_name="text-danger mt-0.5"), text, class_name="problem"),
        ),
        role="alert",
        class_name="empty:hidden",
    )


def footer(*buttons: rx.Component, leave: Do) -> rx.Component:
    """The end of a dialog: the way back, then the one thing to do."""
    return rx.el.div(
        rx.el.button(t("Cancel"), type="button", class_name="button button-quiet", on_click=leave),
        *buttons,
        class_name="dialog-end",
    )
