"""The first steps: owner, paper account, first position with its guard."""

from uuid import UUID

import reflex as rx
from reflex.event import EventSpec

from services import wiring
from services.catalogue import N_, translate
from services.domain.errors import Rejected
from services.engine.kinds.margin_guard import MarginGuard
from state import overview, phrases
from state.forms import number_of, shown, text_of
from state.guarding import NUMBERS, config_of, form_of, suggested
from state.rows import PositionRow
from state.session import PROTECT, Asking, Caller, SessionState, caller_of, handler, person_of, reported

ACCOUNT_NAME = "Paper"
BALANCE = "10000000"
_ORDER = {"side": "buy", "quantity": "1000", "leverage": "10"}

_NO_ACCOUNT = N_("Open a paper account first.")
_GUARD_FAILED = N_("The position is open, but the guard was not armed: {problem}")


class StartState(Asking, rx.State):
    """`step` is empty until it is known, then `owner`, `account` or `position`."""

    step: str = ""
    fields: dict[str, str] = {}
    order_sentence: str = ""
    guard_sentence: str = ""
    preview: PositionRow = PositionRow()

    _account_id: UUID | None = None
    _opened: bool = False
    _typed: dict[str, str] = {}

    @handler
    async def load(self) -> EventSpec | None:
        """Find out which step comes next."""
        self.problem, self._opened = "", False
        if await person_of(self) is None:
            self.step = "owner" if await wiring.current().people.needs_owner() else ""
            return None
        caller = await caller_of(self)
        if caller is None:
            return None
        accounts = await caller.axisor.accounts.of(caller.user_id)
        if not accounts:
            self.step = "account"
            return None
        self._account_id = accounts[0].id
        seen = await caller.axisor.desk.overview(caller.user_id, caller.language)
        if seen.positions:
            return rx.redirect(PROTECT)
        await self._offer(caller)
        return None

    @handler
    async def open_account(self, form: dict[str, str]) -> None:
        """A paper account with the balance of the form."""
        caller = await caller_of(self)
        if caller is None or self.step != "account":
            return
        balance = number_of(form, "balance", caller.language)
        async with reported(self):
            self._account_id = await caller.axisor.desk.open_paper(caller.user_id, ACCOUNT_NAME, balance)
        if not self.problem:
            await self._offer(caller)

    @handler
    async def edit(self, name: str, value: str) -> None:
        """A field of order or guard has changed: say again what will happen."""
        caller = await caller_of(self)
        known = name in (*NUMBERS, *_ORDER)
        if caller is None or not known or not isinstance(value, str) or self.step != "position":
            return
        self._typed = {**self._typed, name: value}
        await self._preview(caller)

    @handler
    async def arm(self, form: dict[str, str]) -> EventSpec | None:
        """Open the position and arm its guard, in this order; never the position twice."""
        caller = await caller_of(self)
        if caller is None or self.step != "position":
            return None
        config = config_of(form, caller.language, None)
        async with reported(self):
            await self._check(caller, form)
            if not self._opened:
                await self._order(caller, form)
                self._opened = True
            await caller.axisor.automations.arm_guard(caller.user_id, self._account(caller), config)
            self.step = ""
            return rx.redirect(PROTECT)
        if self._opened:
            self.problem = translate(caller.language, _GUARD_FAILED, problem=self.problem)
        return None

    async def _order(self, caller: Caller, form: dict[str, str]) -> None:
        side, quantity, leverage = _order_of(form, caller.language)
        desk = caller.axisor.desk
        await desk.open_position(caller.user_id, self._account(caller), side, quantity, leverage)

    def _account(self, caller: Caller) -> UUID:
        if self._account_id is None:
            raise Rejected(translate(caller.language, _NO_ACCOUNT))
        return self._account_id

    async def _offer(self, caller: Caller) -> None:
        """Fill in sensible values for the first position and its guard."""
        session = await self.get_state(SessionState)
        session.name = caller.name
        self.step, self.problem = "position", ""
        guard = form_of(suggested(await self._margin(caller), None), caller.language)
        order = {name: shown(value, caller.language) for name, value in _ORDER.items()}
        self.fields = self._typed = {**order, **guard}
        await self._preview(caller)

    async def _margin(self, caller: Caller) -> int:
        try:
            cost, _ = await caller.axisor.desk.quote(
                caller.user_id, self._account(caller), *_order_of(_ORDER, "en")
            )
        except Rejected:
            return 0
        return cost.margin

    async def _preview(self, caller: Caller) -> None:
        self.order_sentence = self.guard_sentence = ""
        async with reported(self):
            self.order_sentence, self.guard_sentence, self.preview = await self._check(caller, self._typed)

    async def _check(self, caller: Caller, form: dict[str, str]) -> tuple[str, str, PositionRow]:
        """What order and guard would do. Raises `Rejected` for a value that does not fit."""
        account_id, language = self._account(caller), caller.language
        cost, position = await caller.axisor.desk.quote(
            caller.user_id, account_id, *_order_of(form, language)
        )
        config = config_of(form, language, None)
        preview = await caller.axisor.automations.preview(
            caller.user_id, account_id, config, position, cost=cost.total
        )
        guard = MarginGuard.model_validate(config)
        return (
            phrases.opening(language, cost, position),
            phrases.guarding(language, guard, position.side, preview),
            overview.planned(position, guard, preview),
        )


def _order_of(form: object, language: str) -> tuple[str, str, str]:
    return (
        text_of(form, "side"),
        number_of(form, "quantity", language),
        number_of(form, "leverage", language),
    )
