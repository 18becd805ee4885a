"""Adding margin to a running position and closing it: two questions before two money actions."""

from decimal import Decimal
from uuid import UUID, uuid4

import reflex as rx
from reflex.event import EventSpec

from services.catalogue import N_, translate
from services.desk import PositionView
from services.domain.errors import Rejected
from services.domain.inputs import whole
from state import overview, phrases
from state.forms import number_of
from state.protect import ProtectState
from state.session import Asking, Caller, caller_of, handler, reported

_ADDED = N_("Margin added to {label}.")
_CLOSED = N_("{label} is closed.")
_GONE = N_("This position is not running any more.")
_NO_PRICE = N_("There is no price yet; try again in a moment.")
_SUGGESTED_SHARE = 10


class OrderState(Asking, rx.State):
    """The one question that is open: `asking` is `margin`, `close` or empty."""

    asking: str = ""
    label: str = ""
    amount: str = ""
    to_target: int = 0
    room: int = 0
    sentence: str = ""

    _position_id: str = ""
    _order_id: UUID | None = None

    @handler
    async def ask_margin(self, position_id: str) -> None:
        """Ask how much margin to add; the answer is filled in already."""
        caller = await self._begin("margin", position_id)
        if caller is None:
            return
        async with reported(self):
            view, _, _ = await self._find(caller)
            suggested = view.to_target or max(view.position.margin // _SUGGESTED_SHARE, 1)
            self.to_target, self.room = view.to_target, view.room
            self.amount = str(min(suggested, view.room))
            await self._preview(caller, self.amount)

    @handler
    async def edit_amount(self, value: str) -> None:
        """Say again what this amount would do."""
        caller = await caller_of(self)
        if caller is None or self.asking != "margin":
            return
        self.sentence = ""
        async with reported(self):
            await self._preview(caller, number_of({"amount": value}, "amount", caller.language))

    @handler
    async def add_margin(self, form: dict[str, str]) -> EventSpec | None:
        """Add what the form says; a repeated click is the same order and refused."""
        caller = await caller_of(self)
        order_id = self._order_id
        if caller is None or self.asking != "margin" or order_id is None:
            return None
        amount = number_of(form, "amount", caller.language)
        async with reported(self):
            view, _, _ = await self._find(caller)
            await caller.axisor.desk.add_margin(
                caller.user_id, view.account_id, view.position.id, amount, order_id
            )
            return await self._done(caller, _ADDED)
        self._order_id = uuid4()
        return None

    @handler
    async def ask_close(self, position_id: str) -> None:
        """Ask whether to close, saying what that means."""
        caller = await self._begin("close", position_id)
        if caller is None:
            return
        async with reported(self):
            view, account, price = await self._find(caller)
            self.sentence = phrases.closing(caller.language, view.position, price, self.label, account)

    @handler
    async def close_position(self) -> EventSpec | None:
        """Close the position that was asked about, at the market."""
        caller = await caller_of(self)
        order_id = self._order_id
        if caller is None or self.asking != "close" or order_id is None:
            return None
        async with reported(self):
            view, _, _ = await self._find(caller)
            await caller.axisor.desk.close_position(
                caller.user_id, view.account_id, view.position.id, order_id
            )
            return await self._done(caller, _CLOSED)
        self._order_id = uuid4()
        return None

    @handler
    async def leave(self) -> None:
        self.asking, self._order_id = "", None

    async def _begin(self, question: str, position_id: object) -> Caller | None:
        caller = await caller_of(self)
        if caller is None or not isinstance(position_id, str):
            return None
        self.asking, self._position_id, self._order_id = question, position_id, uuid4()
        self.sentence = self.problem = self.amount = self.label = ""
        self.to_target = self.room = 0
        return caller

    async def _find(self, caller: Caller) -> tuple[PositionView, str, Decimal]:
        """The position in question, its account's name, and the price there."""
        seen = await caller.axisor.desk.overview(caller.user_id, caller.language)
        view = next((one for one in seen.positions if one.position.id == self._position_id), None)
        if view is None:
            raise Rejected(translate(caller.language, _GONE))
        account = next(one for one in seen.accounts if one.id == view.account_id)
        if account.market.tick is None:
            raise Rejected(translate(caller.language, _NO_PRICE))
        self.label = overview.label(view, caller.language)
        return view, account.name, account.market.tick.price

    async def _preview(self, caller: Caller, amount: str) -> None:
        view, account, _ = await self._find(caller)
        added = whole("amount", amount, 1, max(view.room, 1))
        self.sentence = phrases.adding(caller.language, view.position, added, account)

    async def _done(self, caller: Caller, said: str) -> EventSpec:
        self.asking, self._order_id = "", None
        return await ProtectState._told(self, translate(caller.language, said, label=self.label), "safe")
