"""Arming and changing a Margin Guard."""

import reflex as rx

from components.controls import DEBOUNCE_MS, choice, field, footer, problem, sentence
from components.dialogs import Dialog
from components.text import t
from components.values import Do, Shown
from state.guarding import GuardState


def guard_fields(edit: Do, fields: Shown, promise: Shown | None = None) -> rx.Component:
    """Levels, then budgets; with a `promise`, that follows the levels and the budgets are folded away."""

    def changed(name: str) -> Do:
        return edit(name).debounce(DEBOUNCE_MS)

    def budget(label: Shown, name: str) -> rx.Component:
        return field(label, name, fields[name], "sats", changed(name), required=False)

    levels = rx.el.div(
        field(t("Acts at"), "trigger_percent", fields["trigger_percent"], "%", changed("trigger_percent")),
        field(t("Restores to"), "target_percent", fields["target_percent"], "%", changed("target_percent")),
        class_name="grid grid-cols-2 gap-3",
    )
    budgets = rx.el.div(
        budget(t("Most per action"), "budget_per_action_sats"),
        budget(t("Most per position"), "budget_per_position_sats"),
        budget(t("Most per day"), "budget_per_day_sats"),
        budget(t("Most ever"), "budget_lifetime_sats"),
        budget(t("Always stays in the account"), "reserve_sats"),
        field(
            t("Pause between actions"),
            "min_interval_s",
            fields["min_interval_s"],
            "s",
            changed("min_interval_s"),
            required=False,
        ),
        class_name="grid sm:grid-cols-2 gap-3",
    )
    if promise is None:
        return rx.fragment(levels, budgets)
    return rx.fragment(
        levels,
        sentence(promise),
        rx.el.details(
            rx.el.summary(t("Budgets"), class_name="fold"),
            rx.el.div(budgets, class_name="pt-3"),
        ),
    )


def guard_dialog() -> rx.Component:
    return Dialog.create(
        rx.el.p(GuardState.label, class_name="text-muted -mt-3"),
        rx.el.form(
            rx.el.p(
                t("Percentages are the distance from liquidation. An empty budget does not bind."),
                class_name="field-hint",
            ),
            guard_fields(GuardState.edit, GuardState.fields),
            rx.el.fieldset(
                rx.el.legend(t("Guards"), class_name="field-label mb-1.5"),
                rx.el.div(
                    choice("scope", "one", t("Only this position"), ~GuardState.everything),
                    choice("scope", "all", t("Every position of the account"), GuardState.everything),
                    class_name="flex flex-wrap gap-2",
                ),
            ),
            sentence(GuardState.sentence),
            problem(GuardState.problem),
            footer(
                rx.el.button(
                    rx.cond(GuardState.editing, t("Save guard"), t("Arm guard")),
                    class_name="button button-primary",
                ),
                leave=GuardState.leave,
            ),
            on_submit=GuardState.arm,
            class_name="grid gap-4",
            no_validate=True,
        ),
        open=GuardState.open,
        heading=t("Margin Guard"),
        on_leave=GuardState.leave,
    )
