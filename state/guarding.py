"""Arming a Margin Guard and changing one: its levels, its budgets, and a sentence of what it does."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import reflex as rx
from reflex.event import EventSpec

from services.automations import GUARD
from services.catalogue import N_, translate
from services.desk import Overview, PositionView
from services.domain.errors import Rejected
from services.engine.kinds import parse
from services.engine.kinds.margin_guard import MarginGuard
from state import overview, phrases
from state.forms import number_of, shown, text_of
from state.protect import ProtectState
from state.session import Asking, Caller, caller_of, handler, reported

LEVELS = ("trigger_percent", "target_percent")
BUDGETS = (
    "budget_per_action_sats",
    "budget_per_position_sats",
    "budget_per_day_sats",
    "budget_lifetime_sats",
)
ZEROS = ("reserve_sats", "min_interval_s")
NUMBERS = (*LEVELS, *BUDGETS, *ZEROS)

_ARMED = N_("Margin Guard armed for {label}.")
_CHANGED = N_("Margin Guard changed.")
_GONE = N_("This position is not running any more.")


def config_of(form: object, language: str, positions: list[str] | None) -> dict[str, Any]:
    """A guard's configuration as typed; an empty budget does not bind."""
    values: dict[str, Any] = {name: number_of(form, name, language) for name in NUMBERS}
    for name in BUDGETS:
        values[name] = values[name] or None
    for name in ZEROS:
        values[name] = values[name] or "0"
    return {**values, "positions": positions}


def form_of(config: MarginGuard, language: str) -> dict[str, str]:
    """The fields of a form that shows a configuration."""
    stored = config.model_dump()
    filled = {name: "" if stored[name] is None else shown(stored[name], language) for name in NUMBERS}
    return filled | {name: shown(f"{stored[name].normalize():f}", language) for name in LEVELS}


class GuardState(Asking, rx.State):
    """One guard being armed (`editing` false) or changed."""

    open: bool = False
    editing: bool = False
    label: str = ""
    fields: dict[str, str] = {}
    everything: bool = False
    sentence: str = ""

    _position_id: str = ""
    _automation_id: UUID | None = None
    _typed: dict[str, str] = {}
    _stored: Mapping[str, Any] = {}

    @handler
    async def start(self, position_id: str) -> None:
        """Show the guard of a position, or a balanced one for a position without."""
        caller = await caller_of(self)
        if caller is None or not isinstance(position_id, str):
            return
        self.open, self._position_id = True, position_id
        self.fields, self.sentence, self.label = {}, "", ""
        async with reported(self):
            seen, view = await self._find(caller)
            config = self._current(seen, view)
            self.label = overview.label(view, caller.language)
            self.everything, self._stored = config.positions is None, config.model_dump(mode="json")
            self.fields = self._typed = form_of(config, caller.language)
            await self._preview(caller)

    @handler
    async def edit(self, name: str, value: str) -> None:
        """A field has changed: say again what the guard would do."""
        caller = await caller_of(self)
        if caller is None or name not in NUMBERS or not isinstance(value, str) or not self.open:
            return
        self._typed, self.sentence = {**self._typed, name: value}, ""
        async with reported(self):
            await self._preview(caller)

    @handler
    async def arm(self, form: dict[str, str]) -> EventSpec | None:
        """Arm or change the guard as the form says."""
        caller = await caller_of(self)
        if caller is None or not self.open:
            return None
        scope = None if text_of(form, "scope") == "all" else [self._position_id]
        config = {**self._stored, **config_of(form, caller.language, scope)}
        async with reported(self):
            _, view = await self._find(caller)
            await self._store(caller, view, config)
            self.open = False
            said = translate(caller.language, _CHANGED if self.editing else _ARMED, label=self.label)
            return await ProtectState._told(self, said, "safe")
        return None

    @handler
    async def leave(self) -> None:
        self.open = False

    async def _store(self, caller: Caller, view: PositionView, config: Mapping[str, Any]) -> None:
        automations = caller.axisor.automations
        if self._automation_id is None:
            await automations.arm_guard(caller.user_id, view.account_id, config)
        else:
            await automations.update_guard(caller.user_id, self._automation_id, config)

    async def _find(self, caller: Caller) -> tuple[Overview, PositionView]:
        seen = await caller.axisor.desk.overview(caller.user_id, caller.language)
        view = next((one for one in seen.positions if one.position.id == self._position_id), None)
        if view is None:
            raise Rejected(translate(caller.language, _GONE))
        return seen, view

    def _current(self, seen: Overview, view: PositionView) -> MarginGuard:
        """The configuration to start from."""
        guard = view.guard
        self._automation_id = guard.automation_id if guard else None
        self.editing = guard is not None
        if guard is None:
            return suggested(view.position.margin, [view.position.id])
        stored = next(one.config for one in seen.automations if one.id == guard.automation_id)
        return _guard(stored)

    async def _preview(self, caller: Caller) -> None:
        config = {**self._stored, **config_of(self._typed, caller.language, None)}
        _, view = await self._find(caller)
        preview = await caller.axisor.automations.preview(
            caller.user_id, view.account_id, config, view.position
        )
        self.sentence = phrases.guarding(caller.language, _guard(config), view.position.side, preview)


def suggested(margin: int, positions: list[str] | None) -> MarginGuard:
    """Sensible values: balanced levels, and budgets in proportion to what is at stake."""
    return _guard(
        {
            "trigger_percent": "5",
            "target_percent": "12",
            "budget_per_position_sats": max(margin * 5, 1),
            "budget_per_day_sats": max(margin * 5, 1),
            "budget_lifetime_sats": max(margin * 10, 1),
            "positions": positions,
        }
    )


def _guard(config: Mapping[str, Any]) -> MarginGuard:
    parsed = parse(GUARD, config)
    assert isinstance(parsed, MarginGuard)  # noqa: S101 - for the type checker; the slug says so
    return parsed
