"""The simulated venue's book: not a sat appears or vanishes, whatever happens to it."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from services.domain import futures
from services.domain.errors import Rejected
from services.domain.futures import Position, Side
from services.domain.money import Sats
from services.engine import paper
from services.engine.paper import Book
from services.ports import ClosedTrade, MarketOrder
from tests.support.trading import NOON, leverages, position, quantities, sides

FEE = Decimal("0.001")

prices = st.integers(2_000, 200_000).map(Decimal) | st.decimals(1_000, 200_000, places=3)
deposits = st.integers(0, 10**9) | st.just(10**12)


class BookMachine(RuleBasedStateMachine):
    """Opens, adds, closes, settles and funds in any order, refused ones included."""

    @initialize(deposit=deposits, fee_rate=st.sampled_from([Decimal(0), Decimal("0.0006"), FEE]))
    def begin(self, deposit: int, fee_rate: Decimal) -> None:
        self.deposit, self.fee_rate = deposit, fee_rate
        self.book = Book(Sats(deposit))
        self.realised = 0
        self.opened = 0

    @rule(side=sides, quantity=quantities, leverage=leverages, price=prices)
    def open(self, side: Side, quantity: int, leverage: Decimal, price: Decimal) -> None:
        order = MarketOrder(side, quantity, leverage)
        cost = paper.quote(order, price, self.fee_rate)
        before = self.book.copy()
        self.opened += 1
        if cost.total > before.balance:
            with pytest.raises(Rejected, match="This needs"):
                self._open(order, price)
            assert self.book == before
            return
        opened = self._open(order, price)
        assert before.balance - self.book.balance == cost.total
        assert (opened.entry, opened.margin, opened.liquidation) == (
            cost.price,
            cost.margin,
            cost.liquidation,
        )

    def _open(self, order: MarketOrder, price: Decimal) -> Position:
        return paper.open_market(
            self.book,
            order,
            price=price,
            at=NOON,
            fee_rate=self.fee_rate,
            new_id=lambda: str(self.opened),
        )

    @precondition(lambda self: self.book.positions)
    @rule(data=st.data(), amount=st.integers(-5, 10**10))
    def add(self, data: st.DataObject, amount: int) -> None:
        name = data.draw(st.sampled_from(sorted(self.book.positions)))
        before = self.book.copy()
        room = futures.full_margin(before.positions[name]) - before.positions[name].margin
        if 1 <= amount <= min(room, before.balance):
            grown = paper.add_margin(self.book, name, Sats(amount))
            assert grown.margin == before.positions[name].margin + amount
        else:
            with pytest.raises(Rejected):
                paper.add_margin(self.book, name, Sats(amount))
            assert self.book == before

    @precondition(lambda self: self.book.positions)
    @rule(data=st.data(), price=prices)
    def close(self, data: st.DataObject, price: Decimal) -> None:
        name = data.draw(st.sampled_from(sorted(self.book.positions)))
        self._end([paper.close(self.book, name, price=price, at=NOON, fee_rate=self.fee_rate)])

    @rule(price=prices)
    def settle(self, price: Decimal) -> None:
        reached = {
            name
            for name, one in self.book.positions.items()
            if futures.within(one.side, price, one.liquidation, Decimal(0))
        }
        trades = paper.settle(self.book, price=price, at=NOON, fee_rate=self.fee_rate)
        assert {trade.position.id for trade in trades} == reached
        assert all(trade.profit == -trade.position.margin for trade in trades)
        self._end(trades)

    @rule(rate=st.decimals("-0.1", "0.1", places=4), price=prices)
    def fund(self, rate: Decimal, price: Decimal) -> None:
        before = dict(self.book.positions)
        fees = paper.settle_funding(self.book, rate=rate, price=price)
        assert fees.keys() == before.keys()
        for name, fee in fees.items():
            assert self.book.positions[name].margin == before[name].margin - max(fee, 0)
            due = futures.funding_fee(before[name].side, before[name].quantity, price, rate)
            assert fee == min(due, before[name].margin - 1)

    def _end(self, trades: list[ClosedTrade]) -> None:
        for trade in trades:
            self.realised += trade.profit
            assert trade.profit >= -trade.position.margin, "nobody loses more than the margin"
            assert trade.closing_fee >= 0
            assert trade.position.id not in self.book.positions

    @invariant()
    def not_a_sat_appears_or_vanishes(self) -> None:
        held = sum(one.margin + one.maintenance for one in self.book.positions.values())
        paid = self.book.fees + self.book.funding
        assert self.book.balance + held + paid - self.realised == self.deposit

    @invariant()
    def nothing_is_ever_negative(self) -> None:
        assert self.book.balance >= 0
        assert self.book.fees >= 0
        assert all(one.margin >= 1 and one.maintenance >= 0 for one in self.book.positions.values())


def test_a_book_conserves_every_sat() -> None:
    run_state_machine_as_test(BookMachine, settings=settings(max_examples=100, stateful_step_count=30))


def book(*running: Position, balance: int = 1_000_000) -> Book:
    return Book(Sats(balance), {one.id: one for one in running})


@pytest.mark.parametrize("side", Side)
def test_a_position_dies_at_its_liquidation_price_and_not_half_a_dollar_before(side: Side) -> None:
    one = position(side)
    before = one.liquidation + side.sign * Decimal("0.5")
    held = book(one)
    assert paper.settle(held, price=before, at=NOON, fee_rate=FEE) == []
    (trade,) = paper.settle(held, price=one.liquidation, at=NOON, fee_rate=FEE)
    assert (trade.how, trade.exit_price, trade.profit) == ("liquidated", one.liquidation, -one.margin)


def test_a_liquidation_beyond_the_level_still_costs_the_margin_alone() -> None:
    one = position("buy")
    held = book(one, balance=0)
    (trade,) = paper.settle(held, price=Decimal(50_000), at=NOON, fee_rate=FEE)
    assert trade.exit_price == one.liquidation
    assert trade.closing_fee == 1_100
    assert held.balance == one.maintenance - trade.closing_fee == 0


def test_several_positions_die_together_and_the_others_live() -> None:
    far, near = position("buy", leverage=2, name="far"), position("buy", leverage=50, name="near")
    short = position("sell", leverage=50, name="short")
    held = book(far, near, short)
    trades = paper.settle(held, price=Decimal(95_000), at=NOON, fee_rate=FEE)
    assert [trade.position.id for trade in trades] == ["near"]
    assert set(held.positions) == {"far", "short"}


def test_closing_far_beyond_liquidation_costs_no_more_than_the_margin() -> None:
    one = position("buy")
    held = book(one, balance=0)
    trade = paper.close(held, one.id, price=Decimal(40_000), at=NOON, fee_rate=FEE)
    assert trade.profit == -one.margin
    assert trade.closing_fee == one.maintenance, "the fee takes what is left and no more"
    assert held.balance == 0


def test_funding_that_cannot_be_paid_leaves_one_sat() -> None:
    one = position("buy", leverage=100)
    held = book(one)
    fees = paper.settle_funding(held, rate=Decimal("0.1"), price=Decimal(100_000))
    assert fees == {one.id: one.margin - 1}
    assert held.positions[one.id].margin == 1


def test_a_long_and_a_short_pass_funding_to_each_other() -> None:
    long, short = position("buy", name="long"), position("sell", name="short")
    held = book(long, short)
    fees = paper.settle_funding(held, rate=Decimal("0.0001"), price=Decimal(100_000))
    assert fees == {"long": 100, "short": -100}
    assert held.balance == 1_000_100
    assert held.positions["long"].margin == long.margin - 100
    assert held.positions["short"].margin == short.margin
    assert held.funding == 0


def test_without_fees_there_is_no_reserve_either() -> None:
    order = MarketOrder(Side.BUY, 1000, Decimal(10))
    cost = paper.quote(order, Decimal(100_000), Decimal(0))
    assert (cost.opening_fee, cost.reserve, cost.total) == (0, 0, 100_000)


def test_orders_execute_on_the_tick() -> None:
    cost = paper.quote(MarketOrder(Side.BUY, 1000, Decimal(10)), Decimal("7387.37"), FEE)
    assert cost.price == Decimal("7387.5")
    held = book(position("buy"))
    assert paper.close(held, "1", price=Decimal("100000.3"), at=NOON, fee_rate=FEE).exit_price == Decimal(
        "100000.5"
    )


@pytest.mark.parametrize(
    ("quantity", "leverage", "sentence"),
    [
        (0, "10", "The quantity must be a whole number of USD from 1 to 500,000."),
        (500_001, "10", "The quantity must be a whole number of USD from 1 to 500,000."),
        (-1, "10", "The quantity must be a whole number of USD from 1 to 500,000."),
        (1000, "0.99", "The leverage must be from 1 to 100."),
        (1000, "100.01", "The leverage must be from 1 to 100."),
    ],
)
def test_orders_outside_the_limits_are_refused_with_the_limits(
    quantity: int, leverage: str, sentence: str
) -> None:
    held = book()
    with pytest.raises(Rejected) as refusal:
        open_one(held, MarketOrder(Side.BUY, quantity, Decimal(leverage)))
    assert refusal.value.message == sentence
    assert held == book()


def test_an_order_may_take_the_balance_to_zero_and_not_a_sat_below() -> None:
    order = MarketOrder(Side.BUY, 1000, Decimal(10))
    exact = book(balance=102_100)
    open_one(exact, order)
    assert exact.balance == 0
    short = book(balance=102_099)
    with pytest.raises(Rejected, match=r"102,100 sats .* the account has 102,099"):
        open_one(short, order)
    assert short == book(balance=102_099)


def test_a_hundred_positions_fit_and_no_more() -> None:
    full = book(*(position("buy", 1, name=str(n)) for n in range(99)), balance=10**9)
    open_one(full, MarketOrder(Side.BUY, 1, Decimal(1)))
    with pytest.raises(Rejected, match="At most 100 positions"):
        open_one(full, MarketOrder(Side.BUY, 1, Decimal(1)))


@pytest.mark.parametrize("position_id", ["", "2", "1 "])
def test_unknown_positions_are_not_found(position_id: str) -> None:
    held = book(position())
    with pytest.raises(Rejected) as refusal:
        paper.add_margin(held, position_id, Sats(1))
    assert refusal.value.code == "position_not_found"
    with pytest.raises(Rejected):
        paper.close(held, position_id, price=Decimal(1), at=NOON, fee_rate=FEE)


def test_adding_more_than_the_balance_is_refused_with_the_balance() -> None:
    held = book(position(), balance=99)
    with pytest.raises(Rejected, match="The account has 99 sats; 100 cannot be added"):
        paper.add_margin(held, "1", Sats(100))
    assert paper.add_margin(held, "1", Sats(99)).margin == position().margin + 99
    assert held.balance == 0


def test_changing_a_copy_leaves_the_book_as_it_is() -> None:
    held = book(position())
    other = held.copy()
    paper.close(other, "1", price=Decimal(100_000), at=NOON + timedelta(1), fee_rate=FEE)
    assert held == book(position())
    assert other != held
    assert replace(held) == held


def open_one(held: Book, order: MarketOrder) -> Position:
    return paper.open_market(held, order, price=Decimal(100_000), at=NOON, fee_rate=FEE, new_id=lambda: "new")
