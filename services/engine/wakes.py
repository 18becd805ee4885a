"""Which automations does this event wake? O(log n) to arm, O(log n + woken) to ask.

Prices and times stand in heaps: asking looks at the top only, so a tick that wakes nobody costs the
same with ten guards as with a hundred thousand. Disarming is lazy: a generation number makes old
entries void, and a heap that is mostly void is rebuilt.
"""

import heapq
from collections.abc import Hashable, Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Generic, TypeVar

from services.domain.wakes import At, EventKind, EveryCandle, On, PriceAtOrAbove, PriceAtOrBelow, Wake

Watcher = TypeVar("Watcher", bound=Hashable)
Key = TypeVar("Key", Decimal, float)

_REBUILD_ABOVE = 1024


class _Heap(Generic[Watcher, Key]):
    """Smallest key first, with lazily removed entries."""

    def __init__(self, generations: dict[Watcher, int]) -> None:
        self._generations = generations
        self._entries: list[tuple[Key, int, int, Watcher]] = []
        self._order = 0
        self._rebuild_at = _REBUILD_ABOVE

    def push(self, key: Key, watcher: Watcher) -> None:
        if len(self._entries) >= self._rebuild_at:
            self._rebuild()
        self._order += 1
        heapq.heappush(self._entries, (key, self._order, self._generations[watcher], watcher))

    def top(self) -> Key | None:
        """The smallest valid key."""
        while self._entries and not self._valid(self._entries[0]):
            heapq.heappop(self._entries)
        return self._entries[0][0] if self._entries else None

    def up_to(self, limit: Key) -> Iterator[Watcher]:
        """Remove and give the watchers whose key is at most `limit`."""
        while self._entries and self._entries[0][0] <= limit:
            entry = heapq.heappop(self._entries)
            if self._valid(entry):
                yield entry[3]

    def _valid(self, entry: tuple[Key, int, int, Watcher]) -> bool:
        return self._generations.get(entry[3]) == entry[2]

    def _rebuild(self) -> None:
        self._entries = [entry for entry in self._entries if self._valid(entry)]
        heapq.heapify(self._entries)
        self._rebuild_at = max(_REBUILD_ABOVE, 2 * len(self._entries))


class WakeIndex(Generic[Watcher]):
    """The armed wakes of many watchers. Arming replaces the watcher's whole set."""

    def __init__(self) -> None:
        self._generations: dict[Watcher, int] = {}
        self._next_generation = 0
        self._falling: _Heap[Watcher, Decimal] = _Heap(self._generations)  # keys negated: highest first
        self._rising: _Heap[Watcher, Decimal] = _Heap(self._generations)
        self._times: _Heap[Watcher, float] = _Heap(self._generations)
        self._events: dict[EventKind | str, dict[Watcher, None]] = {}
        self._held: dict[Watcher, list[EventKind | str]] = {}

    def __len__(self) -> int:
        return len(self._generations)

    def __contains__(self, watcher: Watcher) -> bool:
        return watcher in self._generations

    def arm(self, watcher: Watcher, wakes: Iterable[Wake]) -> None:
        """Make `wakes` the complete set of `watcher`."""
        self.disarm(watcher)
        self._next_generation += 1
        self._generations[watcher] = self._next_generation
        for wake in wakes:
            self._add(watcher, wake)

    def disarm(self, watcher: Watcher) -> None:
        """Forget the watcher; unknown ones are fine."""
        self._generations.pop(watcher, None)
        for name in self._held.pop(watcher, ()):
            self._events[name].pop(watcher, None)

    def priced(self, low: Decimal, high: Decimal) -> list[Watcher]:
        """Whom prices between `low` and `high` wake; each once, its price wakes are used up."""
        woken = dict.fromkeys(self._falling.up_to(-low))
        woken.update(dict.fromkeys(self._rising.up_to(high)))
        return list(woken)

    def due(self, now: datetime) -> list[Watcher]:
        """Whom the time `now` wakes, earliest first."""
        return list(dict.fromkeys(self._times.up_to(now.timestamp())))

    def on(self, event: EventKind) -> list[Watcher]:
        """Who waits for `event`, in the order of arming."""
        return list(self._events.get(event, ()))

    def candle_closed(self, timeframe: str) -> list[Watcher]:
        """Who waits for a closed candle of `timeframe`."""
        return list(self._events.get(timeframe, ()))

    def highest_falling(self) -> Decimal | None:
        """The level that a falling price meets first."""
        key = self._falling.top()
        return None if key is None else -key

    def lowest_rising(self) -> Decimal | None:
        """The level that a rising price meets first."""
        return self._rising.top()

    def next_time(self) -> float | None:
        """The earliest armed time, seconds since the epoch."""
        return self._times.top()

    def _add(self, watcher: Watcher, wake: Wake) -> None:
        match wake:
            case PriceAtOrBelow(price):
                self._falling.push(-price, watcher)
            case PriceAtOrAbove(price):
                self._rising.push(price, watcher)
            case At(at):
                self._times.push(at.timestamp(), watcher)
            case On(event):
                self._wait(watcher, event)
            case EveryCandle(timeframe):
                self._wait(watcher, timeframe)

    def _wait(self, watcher: Watcher, name: EventKind | str) -> None:
        self._events.setdefault(name, {})[watcher] = None
        self._held.setdefault(watcher, []).append(name)
