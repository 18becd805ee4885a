"""Putting a paper account through a disaster, to watch the guards act."""

from uuid import UUID

import reflex as rx
from reflex.event import EventSpec

from services.catalogue import N_, translate
from services.domain.errors import Rejected
from state.protect import ProtectState
from state.session import Asking, Caller, caller_of, handler, reported

_STARTED = N_("The scenario has started. Only this paper account sees its prices.")
_STOPPED = N_("The scenario is over; the account is back at the market's price.")
_NO_PAPER = N_("Scenarios are for paper accounts, and there is none.")


class ScenarioState(Asking, rx.State):
    """The choice of a scenario."""

    open: bool = False

    @handler
    async def show(self) -> None:
        self.open, self.problem = True, ""

    @handler
    async def leave(self) -> None:
        self.open = False

    @handler
    async def begin(self, name: str) -> EventSpec | None:
        """Put the paper account through a scenario."""
        caller = await caller_of(self)
        if caller is None or not isinstance(name, str):
            return None
        async with reported(self):
            desk = caller.axisor.desk
            await desk.start_scenario(caller.user_id, await _paper_account(caller), name)
            self.open = False
            return await ProtectState._told(self, translate(caller.language, _STARTED), "info")
        return None

    @handler
    async def stop(self) -> EventSpec | None:
        """Bring the account back to the market."""
        caller = await caller_of(self)
        if caller is None:
            return None
        async with reported(self):
            await caller.axisor.desk.stop_scenario(caller.user_id, await _paper_account(caller))
            return await ProtectState._told(self, translate(caller.language, _STOPPED), "info")
        return await ProtectState._told(self, self.problem, "danger")


async def _paper_account(caller: Caller) -> UUID:
    accounts = await caller.axisor.accounts.of(caller.user_id)
    found = next((one.id for one in accounts if one.venue == "paper"), None)
    if found is None:
        raise Rejected(translate(caller.language, _NO_PAPER))
    return found
