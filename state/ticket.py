"""The order ticket: side, quantity, leverage, and a sentence that says what the order will do."""

from uuid import UUID

import reflex as rx
from reflex.event import EventSpec

from services.catalogue import N_, translate
from services.domain.errors import Rejected
from state import phrases
from state.forms import number_of, text_of
from state.protect import ProtectState
from state.session import Asking, Caller, caller_of, handler, reported

FIELDS = ("side", "quantity", "leverage")

_OPENED = N_("Position opened. Nothing guards it until a guard covers it.")
_NO_ACCOUNT = N_("Open a paper account first.")


class TicketState(Asking, rx.State):
    """One order being written; `sentence` is what it would do."""

    open: bool = False
    side: str = "buy"
    quantity: str = "1000"
    leverage: str = "10"
    sentence: str = ""

    _account_id: UUID | None = None

    @handler
    async def start(self) -> None:
        """Open the ticket on the first account."""
        caller = await caller_of(self)
        if caller is None:
            return
        accounts = await caller.axisor.accounts.of(caller.user_id)
        self.open, self._account_id = True, accounts[0].id if accounts else None
        await self._quote(caller)

    @handler
    async def leave(self) -> None:
        self.open = False

    @handler
    async def edit(self, name: str, value: str) -> None:
        """A field has changed: quote again."""
        caller = await caller_of(self)
        if caller is None or name not in FIELDS or not self.open:
            return
        typed = {name: value}
        setattr(
            self, name, text_of(typed, name) if name == "side" else number_of(typed, name, caller.language)
        )
        await self._quote(caller)

    @handler
    async def order(self, form: dict[str, str]) -> EventSpec | None:
        """Place the order as it stands in the form."""
        caller = await caller_of(self)
        if caller is None or not self.open:
            return None
        values = [number_of(form, name, caller.language) for name in ("quantity", "leverage")]
        async with reported(self):
            await caller.axisor.desk.open_position(
                caller.user_id, self._account(caller), text_of(form, "side"), *values
            )
            self.open = False
            return await ProtectState._told(self, translate(caller.language, _OPENED), "safe")
        return None

    async def _quote(self, caller: Caller) -> None:
        self.sentence = ""
        async with reported(self):
            cost, position = await caller.axisor.desk.quote(
                caller.user_id, self._account(caller), self.side, self.quantity, self.leverage
            )
            self.sentence = phrases.opening(caller.language, cost, position)

    def _account(self, caller: Caller) -> UUID:
        if self._account_id is None:
            raise Rejected(translate(caller.language, _NO_ACCOUNT))
        return self._account_id
