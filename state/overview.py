"""From what the desk reports to what the page shows; plain calculations."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from services.automations import GuardPreview
from services.catalogue import N_, translate, usd
from services.desk import AccountView, DecisionView, GuardView, Overview, PositionView
from services.domain import futures
from services.domain.futures import Position, Side
from services.engine.kinds.margin_guard import MarginGuard
from state.rows import AccountRow, DecisionRow, PositionRow, ReasonRow

_SIDES = {Side.BUY: N_("Long {quantity} USD"), Side.SELL: N_("Short {quantity} USD")}
_PAUSED = N_("Nothing is added until you resume it.")


def account_rows(overview: Overview) -> list[AccountRow]:
    return [AccountRow(str(one.id), one.name, one.venue, one.balance) for one in overview.accounts]


def position_rows(overview: Overview, language: str) -> list[PositionRow]:
    """Nearest to liquidation first."""
    accounts = {one.id: one for one in overview.accounts}
    rows = [_position(one, accounts[one.account_id], language) for one in overview.positions]
    return sorted(rows, key=lambda row: (row.distance is None, row.distance))


def decision_rows(overview: Overview, language: str) -> list[DecisionRow]:
    """Newest first, each with the position it was about while that one is still there."""
    labels = {one.position.id: label(one, language) for one in overview.positions}
    return [_decision(one, labels) for one in overview.decisions]


def label(view: PositionView, language: str) -> str:
    """A position in words, as in `Long 1,000 USD`."""
    position = view.position
    return translate(language, _SIDES[position.side], quantity=usd(language, position.quantity))


def at_risk(rows: Iterable[PositionRow]) -> int:
    return sum(row.margin for row in rows)


def budget_left(rows: Iterable[PositionRow]) -> int:
    """Sats that all guards together may still add; positions of one guard share its budgets."""
    left: dict[str, int] = {}
    for row in rows:
        if row.automation_id:
            left[row.automation_id] = max(left.get(row.automation_id, 0), row.budget_left or 0)
    return sum(left.values())


def planned(position: Position, guard: MarginGuard, preview: GuardPreview) -> PositionRow:
    """A position that is not open yet, with the guard that it would have."""
    return PositionRow(
        id=position.id,
        side=position.side.value,
        entry=float(position.entry),
        liquidation=float(position.liquidation),
        distance=float(futures.distance(position.side, position.entry, position.liquidation)),
        state="planned",
        trigger=float(guard.trigger),
        target=float(guard.target),
        trigger_price=float(preview.price),
        would_add=preview.amount,
        budget_left=preview.cap,
    )


def _position(view: PositionView, account: AccountView, language: str) -> PositionRow:
    position, tick = view.position, account.market.tick
    price = tick.price if tick else None
    values = {
        "distance": None
        if price is None
        else float(futures.distance(position.side, price, position.liquidation)),
        "profit": 0
        if price is None
        else int(futures.profit(position.side, position.quantity, position.entry, price)),
    }
    return PositionRow(
        id=position.id,
        account_id=str(account.id),
        account=account.name,
        venue=account.venue,
        side=position.side.value,
        label=label(view, language),
        quantity=position.quantity,
        entry=float(position.entry),
        liquidation=float(position.liquidation),
        margin=position.margin,
        leverage=float(position.leverage),
        **values,  # type: ignore[arg-type]
        **_guard(view.guard, language),  # type: ignore[arg-type]
    )


def _guard(guard: GuardView | None, language: str) -> Mapping[str, object]:
    if guard is None:
        return {}
    reason = guard.reasons[0] if guard.reasons else ""
    headline = translate(language, _PAUSED) if guard.state == "paused" else guard.headline
    return {
        "automation_id": str(guard.automation_id),
        "state": guard.state,
        "headline": headline,
        "reason": reason,
        "trigger": float(guard.trigger),
        "target": float(guard.target),
        "trigger_price": float(guard.trigger_price),
        "target_price": float(guard.target_price),
        "would_add": guard.would_add,
        "budget_left": guard.left,
    }


def _decision(view: DecisionView, labels: Mapping[str, str]) -> DecisionRow:
    return DecisionRow(
        id=view.id,
        at=milliseconds(view.at),
        outcome=view.outcome,
        headline=view.headline,
        position=labels.get(view.position_id, ""),
        source=view.source,
        reasons=[ReasonRow(verdict, text) for verdict, text in view.reasons],
    )


def milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
