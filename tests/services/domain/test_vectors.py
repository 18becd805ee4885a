"""The venue's own numbers: its published examples, its API's answers, its code."""

import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

from services.domain import futures
from services.domain.futures import Side
from services.domain.money import Sats, floor_sats
from services.engine import paper
from services.ports import MarketOrder
from tests.support import trading
from tests.support.trading import position

Vector = Mapping[str, Any]

targets = st.integers(1, 999_999).map(lambda number: Decimal(number) / 1_000_000)
amounts = st.integers(1, 10_000) | st.integers(1, 10**11)
rates = st.integers(-1000, 1000).map(lambda number: Decimal(number) / 100_000)


def from_leverage(given: Vector) -> object:
    return futures.liquidation_from_leverage(
        Side(given["side"]), given["quantity"], given["price"], given["leverage"]
    )


def from_margin(given: Vector) -> object:
    return futures.liquidation_from_margin(
        Side(given["side"]), given["quantity"], given["price"], given["margin"]
    )


def fresh_order(given: Vector) -> object:
    order = MarketOrder(Side(given["side"]), given["quantity"], Decimal(given["leverage"]))
    cost = paper.quote(order, Decimal(given["price"]), Decimal("0.001"))
    return {
        "entryMargin": cost.margin,
        "entryPrice": cost.price,
        "liquidation": cost.liquidation,
        "maintenanceMargin": cost.reserve,
    }


def rounded_profit(given: Vector) -> object:
    side = {"b": Side.BUY, "s": Side.SELL}[given["side"]]
    mark = given["bid"] if side is Side.BUY else given["offer"]
    return futures.profit(side, given["quantity"], given["price"], mark)


def floored_profit(given: Vector) -> object:
    """The third-party client floors what we round: both from the same unrounded number."""
    side, quantity = Side(given["side"]), given["quantity"]
    exact = side.sign * (
        futures.notional(quantity, given["price"]) - futures.notional(quantity, given["exit"])
    )
    assert 0 <= futures.profit(side, quantity, given["price"], given["exit"]) - floor_sats(exact) <= 1
    return floor_sats(exact)


def funding(given: Vector) -> object:
    return futures.funding_fee(
        Side(given["side"]), given["quantity"], given["fixingPrice"], given["fundingRate"]
    )


def reserve(given: Vector) -> object:
    side, quantity, price, leverage = (
        Side(given["side"]),
        given["quantity"],
        given["price"],
        given["leverage"],
    )
    liquidation = futures.liquidation_from_leverage(side, quantity, price, leverage)
    opening = futures.trading_fee(quantity, price, futures.RESERVE_FEE_RATE)
    whole = futures.fee_reserve(side, quantity, price, leverage)
    return {
        "margin": futures.margin_for(quantity, price, leverage),
        "liquidationDoc": int(liquidation),
        "liquidationTick": liquidation,
        "openingFeeReserved": opening,
        "closingFeeReserved": whole - opening,
        "maintenanceMarginAfterOpen": whole - futures.trading_fee(quantity, price, given["feeRate"]),
    }


def added_margin(given: Vector) -> object:
    before = position(given["side"], given["quantity"], given["price"])
    before = futures.with_margin(before, Sats(given["margin"]))
    after = futures.add_margin(before, Sats(given["amount"]))
    return {"margin": after.margin, "leverage": after.leverage, "liquidation": after.liquidation}


def cashed_in(given: Vector) -> object:
    """Cash-in itself is not offered; what it leaves behind is a position like any other."""
    expected = given["expected"]
    after = position(given["side"], given["quantity"], expected["price"])
    after = futures.with_margin(after, Sats(expected["margin"]))
    return {
        "price": after.entry,
        "margin": after.margin,
        "leverage": after.leverage,
        "liquidation": after.liquidation,
    }


def life(given: Vector) -> object:
    rate = Decimal(given["feeRate"])
    book = paper.Book(Sats(10**9))
    order = MarketOrder(Side(given["side"]), given["quantity"], Decimal(given["leverage"]))
    opened = paper.open_market(
        book,
        order,
        price=Decimal(given["price"]),
        at=trading.NOON,
        fee_rate=rate,
        new_id=lambda: "1",
    )
    locked = 10**9 - book.balance
    opening = futures.trading_fee(order.quantity, opened.entry, futures.RESERVE_FEE_RATE)
    set_aside = opened.maintenance + opened.opening_fee
    closed = paper.close(book, "1", price=Decimal(given["exit"]), at=trading.NOON, fee_rate=rate)
    return {
        "margin": opened.margin,
        "liquidation": opened.liquidation,
        "openingFee": opened.opening_fee,
        "openingFeeReserved": opening,
        "closingFeeReserved": set_aside - opening,
        "maintenanceMarginReserved": set_aside,
        "maintenanceMarginAfterOpen": opened.maintenance,
        "lockedFromBalance": locked,
        "bankruptcyPrice": opened.liquidation,
        "exit": closed.exit_price,
        "pl": closed.profit,
        "closingFee": closed.closing_fee,
        "creditedOnClose": book.balance - 10**9 + locked,
        "netPl": book.balance - 10**9,
    }


COMPUTED: Mapping[str, Callable[[Vector], object]] = {
    "isolated_liquidation_from_leverage": from_leverage,
    "liquidation_from_margin": from_margin,
    "isolated_open_limit_trade": fresh_order,
    "pl_round_official_maths": rounded_profit,
    "pl_floor": floored_profit,
    "funding_fee": funding,
    "isolated_fee_reserve": reserve,
    "isolated_add_margin": added_margin,
    "isolated_cash_in": cashed_in,
    "isolated_lifecycle": life,
}

FILE = json.loads((Path(__file__).parent / "vectors.json").read_text(), parse_float=Decimal)


@pytest.mark.parametrize(
    "vector", FILE["vectors"], ids=[f"{n}-{v['kind']}" for n, v in enumerate(FILE["vectors"], 1)]
)
def test_our_math_gives_the_venues_numbers(vector: Vector) -> None:
    computed = COMPUTED[vector["kind"]]({**vector["input"], "expected": vector["expected"]})
    expected = vector["expected"]
    if isinstance(expected, dict) and "leverage" in expected:
        assert isinstance(computed, dict)
        expected = {**expected, "leverage": twelve_digits(expected["leverage"])}
        computed = {**computed, "leverage": twelve_digits(computed["leverage"])}
    assert computed == expected


def twelve_digits(number: Decimal) -> str:
    return f"{number:.12g}"


def test_every_kind_of_vector_is_described_and_checked() -> None:
    assert {vector["kind"] for vector in FILE["vectors"]} == FILE["kinds"].keys() == COMPUTED.keys()
    assert len(FILE["vectors"]) == 33
