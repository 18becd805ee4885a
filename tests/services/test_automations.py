"""Arming, changing, pausing and previewing guards; every one by her own."""

import asyncio
from collections.abc import Awaitable, Coroutine
from typing import Any
from uuid import uuid4

import pytest

from services.domain.errors import Rejected
from tests.support.product import GUARD, Product


async def test_an_armed_guard_is_stored_and_acts(product: Product) -> None:
    trader = await product.trader()
    await trader.buys()
    guard = await trader.guards(budget_lifetime_sats="500000")
    (row,) = await product.axisor.accounts.automations(trader.user_id)
    assert (row.id, row.kind, row.version, row.paused) == (guard, "margin_guard", 1, False)
    assert row.config["trigger_percent"] == "5"
    assert row.config["budget_lifetime_sats"] == 500_000
    await product.tick(95_500)
    assert (await trader.margins())[0] > 100_000


async def test_a_refused_configuration_creates_nothing(product: Product) -> None:
    trader = await product.trader()
    for config in ({"target_percent": "4"}, {"trigger_percent": "0"}, {"budget_lifetime_sats": -1}, {"x": 1}):
        with pytest.raises(Rejected) as refusal:
            await trader.guards(**config)
        assert refusal.value.code == "config_invalid"
    assert await product.axisor.accounts.automations(trader.user_id) == []


async def test_a_changed_guard_decides_at_once_and_keeps_what_it_has_spent(product: Product) -> None:
    trader = await product.trader()
    await trader.buys()
    guard = await trader.guards(budget_lifetime_sats=1000)
    await product.tick(95_500)
    assert await trader.margins() == [101_000]
    await product.automations.update_guard(trader.user_id, guard, {**GUARD, "budget_lifetime_sats": 1500})
    assert await trader.margins() == [101_500]
    await product.automations.update_guard(trader.user_id, guard, {**GUARD, "budget_lifetime_sats": 900})
    assert await trader.margins() == [101_500]
    (row,) = await product.axisor.accounts.automations(trader.user_id)
    assert row.version == 3


async def test_a_paused_guard_sleeps_through_everything_until_it_is_resumed(product: Product) -> None:
    trader = await product.trader()
    await trader.buys()
    guard = await trader.guards()
    await product.automations.pause(trader.user_id, guard)
    await product.automations.pause(trader.user_id, guard)
    await product.tick(95_500)
    await product.automations.update_guard(trader.user_id, guard, {**GUARD, "target_percent": "13"})
    assert await trader.margins() == [100_000]
    await product.automations.resume(trader.user_id, guard)
    assert (await trader.margins())[0] > 100_000


@pytest.mark.parametrize(
    ("first", "second", "overlap"),
    [
        (None, None, True),
        (None, ["a"], True),
        (["a"], None, True),
        (["a", "b"], ["b", "c"], True),
        (["a"], ["b"], False),
        ([], ["b"], False),
    ],
)
async def test_two_guards_may_not_cover_one_position(
    product: Product, first: list[str] | None, second: list[str] | None, overlap: bool
) -> None:
    trader = await product.trader()
    one = await trader.guards(positions=first)
    if overlap:
        with pytest.raises(Rejected) as refusal:
            await trader.guards(positions=second)
        assert refusal.value.code == "guard_exists"
        await product.automations.pause(trader.user_id, one)
        with pytest.raises(Rejected):
            await trader.guards(positions=second)
    else:
        other = await trader.guards(positions=second)
        with pytest.raises(Rejected):
            await product.automations.update_guard(trader.user_id, other, {**GUARD, "positions": None})
    await product.automations.update_guard(trader.user_id, one, {**GUARD, "positions": first})


async def test_guards_of_two_accounts_do_not_overlap(product: Product) -> None:
    trader = await product.trader()
    await trader.guards()
    second = await product.desk.open_paper(trader.user_id, "Second", 50_000)
    await product.automations.arm_guard(trader.user_id, second, GUARD)
    assert len(await product.axisor.accounts.automations(trader.user_id)) == 2


async def test_a_double_click_arms_one_guard(product: Product) -> None:
    trader = await product.trader()
    await trader.buys()
    clicks = await asyncio.gather(*(trader.guards() for _ in range(3)), return_exceptions=True)
    assert sum(isinstance(click, Rejected) for click in clicks) == 2
    assert len(await product.axisor.accounts.automations(trader.user_id)) == 1


@pytest.mark.parametrize("turns", [0, 1, 20, 60, 90, 120])
async def test_what_was_asked_for_is_done_to_the_end_even_when_nobody_waits_any_more(
    product: Product, turns: int
) -> None:
    """A request that is cancelled never leaves a guard stored and asleep, or paused and acting."""
    trader = await product.trader()
    await trader.buys()
    await given_up(trader.guards(), turns)
    await settled(product)
    (row,) = await product.axisor.accounts.automations(trader.user_id)
    await product.tick(95_500)
    assert (await trader.margins())[0] > 100_000
    await given_up(product.automations.pause(trader.user_id, row.id), turns)
    await settled(product)
    before = await trader.margins()
    await product.tick(91_500)
    assert await trader.margins() == before


async def given_up(asked: Coroutine[Any, Any, object], turns: int) -> None:
    """Ask, and go away after some turns of the loop."""
    asking = asyncio.create_task(asked)
    for _ in range(1 + turns):
        await asyncio.sleep(0)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)


async def settled(product: Product) -> None:
    """Wait for what was begun."""
    await asyncio.gather(*product.automations._begun)


async def test_a_preview_says_when_and_how_much_and_creates_nothing(product: Product) -> None:
    trader = await product.trader()
    position = await trader.buys()
    config: dict[str, Any] = {**GUARD, "budget_lifetime_sats": 400_000}

    async def preview(**more: Any) -> Any:
        return await product.automations.preview(
            trader.user_id, trader.account_id, {**config, **more}, position
        )

    shown = await preview()
    assert 95_693 < shown.price < 95_694
    assert shown.cap == 400_000
    assert await product.axisor.accounts.automations(trader.user_id) == []
    await trader.guards(budget_lifetime_sats=400_000)
    await product.tick(95_693)
    added = (await trader.margins())[0] - position.margin
    assert abs(added - shown.amount) <= 20, "half a dollar below the preview's price"
    assert (await preview(budget_lifetime_sats=7)).amount == 7
    assert (await preview(reserve_sats=10**9)).amount == 0
    with pytest.raises(Rejected):
        await preview(target_percent="1")


async def test_a_preview_counts_what_opening_costs_first(product: Product) -> None:
    trader = await product.trader(balance=150_000)
    cost, position = await product.desk.quote(trader.user_id, trader.account_id, "buy", "1000", "10")
    shown = await product.automations.preview(
        trader.user_id, trader.account_id, GUARD, position, cost=cost.total
    )
    assert shown.amount == shown.cap == 150_000 - cost.total


async def test_what_is_another_persons_is_not_found_and_nothing_changes(product: Product) -> None:
    me, her = await product.trader("me"), await product.trader("her")
    position = await her.buys()
    guard = await her.guards()
    refused: list[tuple[Awaitable[object], str]] = [
        (product.automations.arm_guard(me.user_id, her.account_id, GUARD), "account_not_found"),
        (product.automations.preview(me.user_id, her.account_id, GUARD, position), "account_not_found"),
        (product.automations.update_guard(me.user_id, guard, GUARD), "automation_not_found"),
        (product.automations.pause(me.user_id, guard), "automation_not_found"),
        (product.automations.resume(me.user_id, guard), "automation_not_found"),
        (product.automations.pause(me.user_id, uuid4()), "automation_not_found"),
    ]
    for attempt, code in refused:
        with pytest.raises(Rejected) as refusal:
            await attempt
        assert refusal.value.code == code
    (row,) = await product.axisor.accounts.automations(her.user_id)
    assert (row.version, row.paused) == (1, False)
    assert await product.axisor.accounts.automations(me.user_id) == []
    await product.tick(95_500)
    assert (await her.margins())[0] > 100_000
