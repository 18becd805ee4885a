"""The index of wakes against a naive one: whom does a price, a time, an event wake?"""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from services.domain.wakes import At, EventKind, EveryCandle, On, PriceAtOrAbove, PriceAtOrBelow, Wake
from services.engine import wakes
from services.engine.wakes import WakeIndex

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)

prices = st.integers(1, 12).map(lambda halves: Decimal(halves) / 2)
times = st.integers(0, 8).map(lambda seconds: NOON + timedelta(seconds=seconds))
events = st.sampled_from([EventKind.POSITION_CHANGED, EventKind.PRICE_SILENT])
timeframes = st.sampled_from(["1m", "1h"])
watchers = st.sampled_from("abcdef")
any_wake: st.SearchStrategy[Wake] = st.one_of(
    st.builds(PriceAtOrBelow, prices),
    st.builds(PriceAtOrAbove, prices),
    st.builds(At, times),
    st.builds(On, events),
    st.builds(EveryCandle, timeframes),
)


class NaiveIndex:
    """Looks at every wake of every watcher."""

    def __init__(self) -> None:
        self.armed: dict[str, list[Wake]] = {}

    def priced(self, low: Decimal, high: Decimal) -> list[str]:
        return self._used_up(
            lambda wake: (
                (isinstance(wake, PriceAtOrBelow) and low <= wake.price)
                or (isinstance(wake, PriceAtOrAbove) and high >= wake.price)
            )
        )

    def due(self, now: datetime) -> list[str]:
        return self._used_up(lambda wake: isinstance(wake, At) and wake.at <= now)

    def waiting(self, wanted: Wake) -> list[str]:
        return [watcher for watcher, held in self.armed.items() if wanted in held]

    def levels(self, kind: type[PriceAtOrBelow] | type[PriceAtOrAbove]) -> list[Decimal]:
        return [wake.price for held in self.armed.values() for wake in held if isinstance(wake, kind)]

    def moments(self) -> list[float]:
        return [wake.at.timestamp() for held in self.armed.values() for wake in held if isinstance(wake, At)]

    def _used_up(self, met: Callable[[Wake], bool]) -> list[str]:
        woken = []
        for watcher, held in self.armed.items():
            kept = [wake for wake in held if not met(wake)]
            if len(kept) < len(held):
                woken.append(watcher)
            self.armed[watcher] = kept
        return woken


class IndexMachine(RuleBasedStateMachine):
    """Arms, disarms, prices, times and events in any order; heaps are rebuilt all the time."""

    @initialize()
    def begin(self) -> None:
        self.index: WakeIndex[str] = WakeIndex()
        self.naive = NaiveIndex()

    @rule(watcher=watchers, wanted=st.lists(any_wake, max_size=6))
    def arm(self, watcher: str, wanted: list[Wake]) -> None:
        self.index.arm(watcher, wanted)
        self.naive.armed[watcher] = list(wanted)

    @rule(watcher=watchers, wanted=st.lists(any_wake, min_size=1, max_size=3), times=st.integers(2, 6))
    def arm_again_and_again(self, watcher: str, wanted: list[Wake], times: int) -> None:
        for _ in range(times):
            self.arm(watcher, wanted)

    @rule(watcher=watchers)
    def disarm(self, watcher: str) -> None:
        self.index.disarm(watcher)
        self.naive.armed.pop(watcher, None)

    @rule(one=prices, other=prices)
    def price(self, one: Decimal, other: Decimal) -> None:
        low, high = min(one, other), max(one, other)
        self._same(self.index.priced(low, high), self.naive.priced(low, high))

    @rule(now=times)
    def time(self, now: datetime) -> None:
        self._same(self.index.due(now), self.naive.due(now))

    @rule(event=events)
    def event(self, event: EventKind) -> None:
        self._same(self.index.on(event), self.naive.waiting(On(event)))

    @rule(timeframe=timeframes)
    def candle(self, timeframe: str) -> None:
        self._same(self.index.candle_closed(timeframe), self.naive.waiting(EveryCandle(timeframe)))

    @invariant()
    def knows_what_comes_next(self) -> None:
        assert self.index.highest_falling() == max(self.naive.levels(PriceAtOrBelow), default=None)
        assert self.index.lowest_rising() == min(self.naive.levels(PriceAtOrAbove), default=None)
        assert self.index.next_time() == min(self.naive.moments(), default=None)
        assert len(self.index) == len(self.naive.armed)
        assert all(watcher in self.index for watcher in self.naive.armed)

    @staticmethod
    def _same(found: Iterable[str], expected: Iterable[str]) -> None:
        woken = list(found)
        assert sorted(woken) == sorted(expected), "and each once"


def test_index_wakes_whom_a_look_at_every_wake_would_wake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wakes, "_REBUILD_ABOVE", 4)
    run_state_machine_as_test(IndexMachine, settings=settings(max_examples=120, stateful_step_count=30))


@pytest.mark.parametrize("price", ["100", "99.5"])
def test_a_level_is_met_at_equality_and_beyond(price: str) -> None:
    index: WakeIndex[str] = WakeIndex()
    index.arm("long", [PriceAtOrBelow(Decimal(100))])
    assert index.priced(Decimal("100.5"), Decimal("100.5")) == []
    assert index.priced(Decimal(price), Decimal(price)) == ["long"]
    assert index.priced(Decimal(price), Decimal(price)) == [], "a wake is one-shot"


def test_the_extremes_since_the_last_look_wake_as_well_as_the_price() -> None:
    index: WakeIndex[str] = WakeIndex()
    index.arm("long", [PriceAtOrBelow(Decimal(90))])
    index.arm("short", [PriceAtOrAbove(Decimal(110))])
    assert sorted(index.priced(Decimal(90), Decimal(110))) == ["long", "short"]


def test_a_level_already_met_when_it_is_armed_fires_at_the_next_price() -> None:
    index: WakeIndex[str] = WakeIndex()
    index.arm("long", [PriceAtOrBelow(Decimal(100))])
    assert index.priced(Decimal(50), Decimal(50)) == ["long"]


def test_the_earliest_due_comes_first() -> None:
    index: WakeIndex[int] = WakeIndex()
    for second in (5, 1, 3):
        index.arm(second, [At(NOON + timedelta(seconds=second))])
    assert index.due(NOON + timedelta(seconds=4)) == [1, 3]


def test_arming_anew_drops_every_earlier_wake() -> None:
    index: WakeIndex[str] = WakeIndex()
    index.arm("a", [PriceAtOrBelow(Decimal(100)), At(NOON), On(EventKind.PRICE_SILENT), EveryCandle("1m")])
    index.arm("a", [])
    assert index.priced(Decimal(1), Decimal(1)) == index.due(NOON) == []
    assert index.on(EventKind.PRICE_SILENT) == index.candle_closed("1m") == []
    assert index.highest_falling() is index.next_time() is None
    assert "a" in index


def test_events_keep_the_order_of_arming_and_are_not_used_up() -> None:
    index: WakeIndex[str] = WakeIndex()
    for name in "cab":
        index.arm(name, [On(EventKind.PRICE_SILENT), On(EventKind.PRICE_SILENT)])
    assert index.on(EventKind.PRICE_SILENT) == index.on(EventKind.PRICE_SILENT) == ["c", "a", "b"]


def test_a_guard_armed_for_years_does_not_fill_the_memory() -> None:
    index: WakeIndex[int] = WakeIndex()
    for number in range(20_000):
        index.arm(number % 10, [PriceAtOrBelow(Decimal(number)), At(NOON), PriceAtOrAbove(Decimal(number))])
    for heap in (index._falling, index._rising, index._times):
        assert len(heap._entries) <= wakes._REBUILD_ABOVE
    assert index.highest_falling() == 19_999
    assert index.lowest_rising() == 19_990
    assert len(index.priced(Decimal(0), Decimal(0))) == 10


def test_disarming_the_unknown_does_nothing() -> None:
    index: WakeIndex[str] = WakeIndex()
    index.disarm("nobody")
    assert len(index) == 0
