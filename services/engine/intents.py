"""Money actions: written down, sent once, and never repeated on a doubt.

`perform` sends one planned intent. `reconcile` finds out what became of one whose answer was lost,
from the venue's own numbers alone: the venue gives adding margin no idempotency key, but the margin
before, the funding paid since and the margin now add up in one way only.
"""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from datetime import timedelta

from services.domain.automation import AddMargin, Intent, IntentState
from services.domain.errors import Rejected, Unavailable, Unknown
from services.domain.futures import Position
from services.domain.money import Sats
from services.ports import Clock, Exchange, Journal

SECOND_LOOK = timedelta(seconds=3)
"""Not applied is believed only when two readings this far apart agree."""

PLANNED_MAX_AGE = timedelta(seconds=5)
"""An intent that could not be sent for this long is dropped: its facts no longer hold."""

NOTHING = Sats(0)

Sleep = Callable[[float], Awaitable[None]]
Alone = AbstractAsyncContextManager[None]
"""Held while nothing else of the account may be under way."""


async def perform(intent: Intent, exchange: Exchange, journal: Journal, clock: Clock) -> Intent:
    """Send `intent` once and record what came of it; returns it with the recorded state."""
    if clock.now() - intent.created_at > PLANNED_MAX_AGE:
        state, detail = IntentState.DROPPED, "too old to be sent"
    else:
        await journal.move(intent.id, IntentState.SENT, clock.now())
        state, detail = await _send(intent, exchange)
    try:
        await journal.move(intent.id, state, clock.now(), detail)
    except Unavailable as error:
        raise Unknown("The outcome could not be written down; it is being found out.") from error
    return replace(intent, state=state, detail=detail)


async def _send(intent: Intent, exchange: Exchange) -> tuple[IntentState, str]:
    try:
        if isinstance(intent.action, AddMargin):
            await exchange.add_margin(intent.position_id, intent.action.amount)
        else:
            await exchange.close(intent.position_id)
    except Rejected as refusal:
        return IntentState.REJECTED, refusal.message
    except (Unknown, Unavailable, TimeoutError, OSError) as doubt:
        return IntentState.UNKNOWN, f"{type(doubt).__name__}: {doubt}"
    return IntentState.CONFIRMED, ""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one reading of the venue says about an intent; `state` is SENT while it says nothing."""

    state: IntentState
    detail: str


async def reconcile(
    intent: Intent, exchange: Exchange, journal: Journal, clock: Clock, sleep: Sleep, alone: Alone
) -> None:
    """Find out whether an intent was applied, and record it; its stored state is what counts.

    `alone` is held while the venue is read, so that no other action of the account is under way.

    Raises:
        Unavailable: the venue or the journal could not be read; the intent stays as it is.
    """
    async with alone:
        finding = await _find_out(intent, exchange, journal)
        if finding is None or finding.state is not IntentState.REJECTED:
            await _record(finding, intent, journal, clock)
            return
    await sleep(SECOND_LOOK.total_seconds())
    async with alone:
        await _record(await _find_out(intent, exchange, journal), intent, journal, clock)


async def _record(finding: Finding | None, intent: Intent, journal: Journal, clock: Clock) -> None:
    if finding is not None:
        await journal.move(intent.id, finding.state, clock.now(), finding.detail)


async def _find_out(intent: Intent, exchange: Exchange, journal: Journal) -> Finding | None:
    """One look; None when the intent is not open any more."""
    open_here = await journal.unresolved(intent.account_id, intent.position_id)
    stored = next((other for other in open_here if other.id == intent.id), None)
    if stored is None:
        return None
    if stored.state is IntentState.PLANNED:
        return Finding(IntentState.DROPPED, "never sent")
    if any(other.id != intent.id and other.state is not IntentState.PLANNED for other in open_here):
        return Finding(IntentState.AMBIGUOUS, "several open intents on one position")
    added_since = await journal.added_since(intent.account_id, intent.position_id, stored.created_at)
    return await _look(stored, exchange, added_since)


async def _look(intent: Intent, exchange: Exchange, added_since: Sats) -> Finding:
    running = {position.id: position for position in await exchange.positions()}
    position = running.get(intent.position_id)
    if isinstance(intent.action, AddMargin):
        if position is None:
            closed = await exchange.closed(intent.position_id)
            position = closed.position if closed else None
        return compare_margin(intent, position, added_since)
    if position is None:
        return Finding(IntentState.CONFIRMED, "the position is closed")
    return Finding(IntentState.REJECTED, "the position is still running")


def compare_margin(intent: Intent, position: Position | None, added_since: Sats = NOTHING) -> Finding:
    """Explain the margin now by the margin before, what has moved it since, and the amount.

    Args:
        position: as the venue reports it, or as it was when it was closed.
        added_since: sats that later intents have added to it, confirmed.
    """
    if position is None:
        return Finding(IntentState.AMBIGUOUS, "the position is gone and its last margin is not known")
    paid_since = max(position.funding_paid - intent.funding_before, 0)
    added = Sats(position.margin - (intent.margin_before - paid_since + added_since))
    if added == intent.amount:
        return Finding(IntentState.CONFIRMED, f"the margin grew by {added} sats")
    if added == 0:
        return Finding(IntentState.REJECTED, "the margin has not changed")
    return Finding(IntentState.AMBIGUOUS, f"the margin changed by {added} sats, not by {intent.amount}")
