"""The sentences that say beforehand what an action will do; plain calculations."""

from decimal import Decimal

from services.automations import GuardPreview
from services.catalogue import N_, number, percent, sats, translate, usd
from services.domain import futures
from services.domain.futures import Position, Side
from services.domain.money import Sats
from services.engine.kinds.margin_guard import MarginGuard
from services.engine.paper import Quote

_OPENS = {
    Side.BUY: N_(
        "Opens a long of {quantity} USD at about {price} with {leverage}x leverage. Takes {total} sats"
        " from the balance: {margin} as margin, {reserve} for fees. Liquidation at {liquidation},"
        " {distance} away."
    ),
    Side.SELL: N_(
        "Opens a short of {quantity} USD at about {price} with {leverage}x leverage. Takes {total} sats"
        " from the balance: {margin} as margin, {reserve} for fees. Liquidation at {liquidation},"
        " {distance} away."
    ),
}

_GUARDS = {
    Side.BUY: N_(
        "When bitcoin falls to {price}, {trigger} from liquidation, Margin Guard adds {amount} sats"
        " so that it is {target} away again."
    ),
    Side.SELL: N_(
        "When bitcoin rises to {price}, {trigger} from liquidation, Margin Guard adds {amount} sats"
        " so that it is {target} away again."
    ),
}
_FALLS_SHORT = N_("Its budgets leave nothing to add at {price}: the position would not be protected.")
_CAPPED = N_("It spends at most {cap} sats on this position, and never sells or withdraws.")
_CLOSES_AT = N_(
    "It spends at most {cap} sats on this position. When nothing more can be added, it closes it at {close}."
)

_ADDS = N_(
    "Adds {amount} sats on {account}. Liquidation moves from {before} to {after}, leverage to {leverage}x."
)
_CLOSES = N_(
    "Closes {label} on {account} at the market, about {price}. Result about {profit} sats; {margin} sats of"
    " margin are released."
)
_KEEPS = N_("Guards of your other positions keep running.")


def opening(language: str, cost: Quote, position: Position) -> str:
    """What a market order would do."""
    distance = futures.distance(position.side, cost.price, cost.liquidation)
    return translate(
        language,
        _OPENS[position.side],
        quantity=usd(language, position.quantity),
        price=usd(language, cost.price),
        leverage=number(language, position.leverage),
        total=sats(language, cost.total),
        margin=sats(language, cost.margin),
        reserve=sats(language, cost.reserve),
        liquidation=usd(language, cost.liquidation),
        distance=percent(language, distance),
    )


def guarding(language: str, config: MarginGuard, side: Side, preview: GuardPreview) -> str:
    """What a guard would do, and where it stops."""
    if preview.amount == 0:
        return translate(language, _FALLS_SHORT, price=usd(language, preview.price))
    acts = translate(
        language,
        _GUARDS[side],
        price=usd(language, preview.price),
        trigger=percent(language, config.trigger),
        target=percent(language, config.target),
        amount=sats(language, preview.amount),
    )
    cap = sats(language, preview.cap)
    if config.close_at_percent is None:
        return f"{acts} {translate(language, _CAPPED, cap=cap)}"
    close = percent(language, config.close_at_percent / 100)
    return f"{acts} {translate(language, _CLOSES_AT, cap=cap, close=close)}"


def adding(language: str, position: Position, amount: int, account: str) -> str:
    """What adding margin by hand would do. Raises `Rejected` when it does not fit."""
    after = futures.with_margin(position, Sats(position.margin + amount))
    return translate(
        language,
        _ADDS,
        amount=sats(language, amount),
        account=account,
        before=usd(language, position.liquidation),
        after=usd(language, after.liquidation),
        leverage=number(language, after.leverage),
    )


def closing(language: str, position: Position, price: Decimal, label: str, account: str) -> str:
    """What closing would do, and what goes on."""
    result = futures.profit(position.side, position.quantity, position.entry, price)
    closes = translate(
        language,
        _CLOSES,
        label=label,
        account=account,
        price=usd(language, price),
        profit=sats(language, result),
        margin=sats(language, position.margin),
    )
    return f"{closes} {translate(language, _KEEPS)}"
