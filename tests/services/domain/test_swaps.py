"""Swaps between sats and synthetic dollars: the documented examples, and that a circle never gains."""

import json
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.domain import swaps
from services.domain.errors import Rejected
from services.domain.money import Sats
from tests.support.trading import ticks

VECTORS = {
    vector["kind"]: vector
    for vector in json.loads((Path(__file__).parent / "vectors_cross.json").read_text(), parse_float=Decimal)[
        "vectors"
    ]
}


def test_selling_bitcoin_gives_the_documented_dollars() -> None:
    vector = VECTORS["swap_btc_to_usd"]
    assert swaps.usd_for(Sats(vector["input"]["inSats"]), vector["input"]["bid"]) == vector["expected"]


def test_buying_bitcoin_gives_the_documented_sats() -> None:
    vector = VECTORS["swap_usd_to_btc"]
    given_usd = Decimal(vector["input"]["inUsd"])
    assert swaps.sats_for(given_usd, vector["input"]["ask"]) == vector["expected"]


@given(st.integers(1_000, 10**11), ticks, st.integers(0, 200))
def test_there_and_back_never_gains(amount: int, bid: Decimal, spread: int) -> None:
    usd = swaps.usd_for(Sats(amount), bid)
    assert usd % Decimal("0.01") == 0
    if usd > 0:
        assert swaps.sats_for(usd, bid + spread) <= amount


@given(st.integers(1, 10**9), ticks, st.integers(0, 200))
def test_back_and_there_never_gains(cents: int, bid: Decimal, spread: int) -> None:
    usd = Decimal(cents) / 100
    bought = swaps.sats_for(usd, bid + spread)
    if bought >= swaps.MIN_SWAP_SATS:
        assert swaps.usd_for(bought, bid) <= usd


def test_less_than_a_thousand_sats_cannot_be_swapped() -> None:
    with pytest.raises(Rejected, match="at least 1,000 sats"):
        swaps.usd_for(Sats(999), 60_000)


@pytest.mark.parametrize("usd", ["0", "-1", "0.001", "NaN", "Infinity", "1e30", "1000000000.01"])
def test_dollars_that_are_not_a_sensible_number_of_cents_cannot_be_swapped(usd: str) -> None:
    with pytest.raises(Rejected, match="whole cents"):
        swaps.sats_for(Decimal(usd), 60_000)
