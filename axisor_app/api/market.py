"""Prices as the account sees them."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel

from axisor_app.api.identity import SignedIn
from services import wiring
from services.domain.errors import Rejected
from services.domain.market import Candle

router = APIRouter(prefix="/market", tags=["market"])


class CandleOut(BaseModel):
    """`time` in milliseconds since 1970 UTC, prices in USD per BTC."""

    time: int
    open: float
    high: float
    low: float
    close: float


class Candles(BaseModel):
    timeframe: str
    candles: list[CandleOut]


@router.get("/candles")
async def candles(
    person: SignedIn,
    timeframe: Annotated[str, Query(max_length=8)] = "1m",
    limit: Annotated[int, Query(ge=1, le=1000)] = 240,
    account: UUID | None = None,
) -> Candles:
    """The latest candles of an account's market, oldest first; the first account by default."""
    desk = wiring.current().desk
    account_id = account or await first_account(person.id)
    found = await desk.candles(person.id, account_id, timeframe, limit)
    return Candles(timeframe=timeframe, candles=[_out(candle) for candle in found])


async def first_account(user_id: UUID) -> UUID:
    """The account that is shown when none is named."""
    accounts = await wiring.current().accounts.of(user_id)
    if not accounts:
        raise Rejected("There is no account yet.", code="account_not_found")
    return accounts[0].id


def _out(candle: Candle) -> CandleOut:
    return CandleOut(
        time=int(candle.opened_at.timestamp() * 1000),
        open=float(candle.open),
        high=float(candle.high),
        low=float(candle.low),
        close=float(candle.close),
    )
