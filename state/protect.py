"""The Protect page: what is running, what guards it, what was decided."""

from typing import cast
from uuid import UUID

import reflex as rx
from reflex.event import EventSpec

from services.catalogue import N_, translate
from state import overview
from state.rows import AccountRow, DecisionRow, PositionRow
from state.session import Asking, Caller, caller_of, handler, reported

LOUD = {"acting": "safe", "blocked": "danger", "liquidated": "danger"}
"""Outcomes that are announced, and how; a decision to keep watching is not."""

_PAUSED = N_("Guard paused. It adds nothing until you resume it; the position stays open.")
_RESUMED = N_("Guard resumed. It watches every tick again.")


class ProtectState(Asking, rx.State):
    """What the desk reports, refreshed whenever the server says that something has changed."""

    status: str = "loading"
    accounts: list[AccountRow] = []
    positions: list[PositionRow] = []
    decisions: list[DecisionRow] = []
    selected: PositionRow = PositionRow()
    at_risk: int = 0
    budget_left: int = 0
    balance: int = 0
    notice: str = ""
    notice_level: str = "info"
    notice_number: int = 0

    @handler
    async def refresh(self) -> None:
        """Read everything again; what was shown stays when it cannot be read."""
        caller = await caller_of(self)
        if caller is None:
            return
        async with reported(self):
            await self._read(caller)
        if self.problem and self.status == "loading":
            self.status = "failed"

    @handler
    async def select(self, position_id: str) -> None:
        """Show a position's lines in the chart."""
        self._choose(position_id)

    @handler
    async def pause(self, position_id: str) -> None:
        """Pause the guard of a position; what it has begun is finished."""
        await self._switch(position_id, "pause", _PAUSED)

    @handler
    async def resume(self, position_id: str) -> None:
        await self._switch(position_id, "resume", _RESUMED)

    async def _switch(self, position_id: str, verb: str, said: str) -> None:
        caller, row = await caller_of(self), self._row(position_id)
        if caller is None or row is None or not row.automation_id:
            return
        automations = caller.axisor.automations
        act = automations.pause if verb == "pause" else automations.resume
        async with reported(self):
            await act(caller.user_id, UUID(row.automation_id))
            await self._read(caller)
        self._say(self.problem or translate(caller.language, said), "danger" if self.problem else "info")

    async def _read(self, caller: Caller) -> None:
        seen = await caller.axisor.desk.overview(caller.user_id, caller.language)
        self.accounts = overview.account_rows(seen)
        self.positions = overview.position_rows(seen, caller.language)
        decisions = overview.decision_rows(seen, caller.language)
        self._announce(decisions)
        self.decisions = decisions
        self.at_risk = overview.at_risk(self.positions)
        self.budget_left = overview.budget_left(self.positions)
        self.balance = sum(row.balance for row in self.accounts)
        self.status = "ready"
        self._choose(self.selected.id)

    def _announce(self, decisions: list[DecisionRow]) -> None:
        """Say what the guards have done since the page last looked."""
        if self.status != "ready":
            return
        known = {row.id for row in self.decisions}
        news = next((row for row in decisions if row.id not in known and row.outcome in LOUD), None)
        if news is not None:
            self._say(news.headline, LOUD[news.outcome])

    def _choose(self, position_id: object) -> None:
        nearest = self.positions[0] if self.positions else PositionRow()
        self.selected = self._row(position_id) or nearest

    def _row(self, position_id: object) -> PositionRow | None:
        """The running position with this id, if it is the caller's: only hers are in the list."""
        return next((row for row in self.positions if row.id == position_id), None)

    def _say(self, sentence: str, level: str) -> None:
        self.notice, self.notice_level = sentence, level
        self.notice_number += 1

    @staticmethod
    async def _told(asker: rx.State, sentence: str, level: str) -> EventSpec:
        """Put a notice on the page on behalf of a dialog, and read everything again."""
        page = await asker.get_state(ProtectState)
        page._say(sentence, level)
        return cast(EventSpec, ProtectState.refresh)
