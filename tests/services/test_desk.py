"""The desk: what a trader sees, what she may order, and that it is hers."""

import asyncio
from collections.abc import Awaitable
from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest

from services import desk as desk_module
from services.desk import MAX_PAPER_BALANCE, MIN_PAPER_BALANCE, GuardView, Overview
from services.domain import futures
from services.domain.automation import IntentState
from services.domain.errors import Rejected, Unavailable
from services.domain.market import Candle
from tests.support.product import Product, Trader
from tests.support.trading import NOON


async def seen(trader: Trader, language: str = "en") -> Overview:
    return await trader.product.desk.overview(trader.user_id, language)


async def guard_of(trader: Trader) -> GuardView:
    (view,) = (await seen(trader)).positions
    assert view.guard is not None
    return view.guard


def headlines(overview: Overview) -> list[str]:
    return [decision.headline for decision in overview.decisions]


# -- opening ------------------------------------------------------------------------------------


async def test_a_paper_account_begins_with_its_simulated_money(product: Product) -> None:
    trader = await product.trader(balance=123_456)
    (account,) = (await seen(trader)).accounts
    assert (account.name, account.venue, account.balance) == ("Paper", "paper", 123_456)
    assert account.market.tick is not None
    assert account.market.tick.price == 100_000


@pytest.mark.parametrize("balance", [MIN_PAPER_BALANCE, MAX_PAPER_BALANCE, str(MIN_PAPER_BALANCE)])
async def test_both_ends_of_the_allowed_balance_are_accepted(product: Product, balance: int | str) -> None:
    trader = await product.trader(balance=balance)  # type: ignore[arg-type]
    assert (await seen(trader)).accounts[0].balance == int(balance)


async def test_unfit_accounts_are_refused_and_not_created(product: Product) -> None:
    trader = await product.trader()
    for balance in (MIN_PAPER_BALANCE - 1, MAX_PAPER_BALANCE + 1, 0, -1, "", "many", None, "1e99", 0.5):
        with pytest.raises(Rejected, match=r"^The balance must be a whole number from 10,000 to "):
            await product.desk.open_paper(trader.user_id, "Second", balance)
    for name in ("", "   ", "x" * 81, "two\nlines", "nul\x00", "\u202ebackwards"):
        with pytest.raises(Rejected, match=r"^The account needs a name of 1 to 80 visible characters\.$"):
            await product.desk.open_paper(trader.user_id, name, MIN_PAPER_BALANCE)
    assert len((await seen(trader)).accounts) == 1


async def test_a_market_order_opens_what_was_quoted(product: Product) -> None:
    trader = await product.trader()
    cost, preview = await product.desk.quote(trader.user_id, trader.account_id, "sell", " 1000 ", "12.5")
    assert (await seen(trader)).positions == ()
    opened = await trader.buys("sell", "1000", "12.5")
    assert (opened.entry, opened.margin, opened.liquidation) == (
        cost.price,
        cost.margin,
        cost.liquidation,
    )
    assert (preview.side, preview.quantity, preview.leverage) == (
        opened.side,
        opened.quantity,
        opened.leverage,
    )
    overview = await seen(trader)
    assert [view.position for view in overview.positions] == [opened]
    assert overview.accounts[0].balance == 1_000_000 - cost.total


BAD_ORDERS = [
    ("long", "1000", "10", "The side must be buy (long) or sell (short)."),
    (None, "1000", "10", "The side must be buy (long) or sell (short)."),
    ("buy", "0", "10", "The quantity must be a whole number from 1 to 500,000."),
    ("buy", "-1", "10", "The quantity must be a whole number from 1 to 500,000."),
    ("buy", "500001", "10", "The quantity must be a whole number from 1 to 500,000."),
    ("buy", "1.5", "10", "The quantity must be a whole number from 1 to 500,000."),
    ("buy", "ten", "10", "The quantity must be a whole number from 1 to 500,000."),
    ("buy", "", "10", "The quantity must be a whole number from 1 to 500,000."),
    ("buy", "1" * 400, "10", "The quantity must be a whole number from 1 to 500,000."),
    ("buy", "1000", "0.9", "The leverage must be a number from 1 to 100."),
    ("buy", "1000", "100.1", "The leverage must be a number from 1 to 100."),
    ("buy", "1000", "NaN", "The leverage must be a number from 1 to 100."),
    ("buy", "1000", None, "The leverage must be a number from 1 to 100."),
]


async def test_unfit_orders_are_refused_with_the_range_and_nothing_is_ordered(product: Product) -> None:
    trader = await product.trader()
    for side, quantity, leverage, sentence in BAD_ORDERS:
        for asked in (product.desk.quote, product.desk.open_position):
            with pytest.raises(Rejected) as refusal:
                await asked(trader.user_id, trader.account_id, side, quantity, leverage)
            assert refusal.value.message == sentence
    overview = await seen(trader)
    assert (overview.positions, overview.accounts[0].balance) == ((), 1_000_000)


async def test_an_order_beyond_the_balance_is_refused_with_what_it_needs(product: Product) -> None:
    trader = await product.trader(balance=50_000)
    with pytest.raises(Rejected, match="This needs 102,100 sats"):
        await trader.buys()
    assert (await seen(trader)).accounts[0].balance == 50_000


async def test_without_a_price_nothing_can_be_ordered(product: Product) -> None:
    trader = await product.trader()
    product.axisor.markets.base.runner.market.tick = None
    with pytest.raises(Unavailable, match="no price yet"):
        await trader.buys()
    with pytest.raises(Unavailable, match="no price yet"):
        await product.desk.quote(trader.user_id, trader.account_id, "buy", 1, 1)


# -- acting -------------------------------------------------------------------------------------


async def test_margin_added_by_hand_is_added_once(product: Product) -> None:
    trader = await product.trader()
    opened, order = await trader.buys(), uuid4()
    intent = await product.desk.add_margin(trader.user_id, trader.account_id, opened.id, "500", order)
    assert (intent.state, intent.amount) == (IntentState.CONFIRMED, 500)
    with pytest.raises(Rejected) as refusal:
        await product.desk.add_margin(trader.user_id, trader.account_id, opened.id, "500", order)
    assert refusal.value.code == "intent_exists"
    assert await trader.margins() == [opened.margin + 500]
    assert headlines(await seen(trader))[0] == "You added 500 sats."


async def test_unfit_amounts_are_refused_with_what_fits(product: Product) -> None:
    trader = await product.trader()
    opened = await trader.buys(leverage="1.5")
    room = futures.full_margin(opened) - opened.margin
    for amount in ("0", "-1", str(room + 1), "1.5", "all", "", None):
        with pytest.raises(Rejected) as refusal:
            await product.desk.add_margin(trader.user_id, trader.account_id, opened.id, amount, uuid4())
        assert refusal.value.message == f"The amount must be a whole number from 1 to {room:,}."
    full = await trader.buys(leverage="1", quantity="1")
    with pytest.raises(Rejected) as refusal:
        await product.desk.add_margin(trader.user_id, trader.account_id, full.id, "1", uuid4())
    assert refusal.value.code == "leverage_too_low"
    assert headlines(await seen(trader)) == []


async def test_margin_beyond_the_balance_is_refused_by_the_venue_and_written_down(product: Product) -> None:
    trader = await product.trader(balance=150_000)
    opened = await trader.buys()
    with pytest.raises(Rejected, match="The account has 47,900 sats; 47,901 cannot be added"):
        await product.desk.add_margin(trader.user_id, trader.account_id, opened.id, 47_901, uuid4())
    assert await trader.margins() == [opened.margin]
    assert headlines(await seen(trader))[0].startswith("Your order to add 47")


async def test_a_position_is_closed_at_the_market_once(product: Product) -> None:
    trader = await product.trader()
    opened = await trader.buys()
    await product.tick(110_000)
    await product.desk.close_position(trader.user_id, trader.account_id, opened.id, uuid4())
    overview = await seen(trader)
    assert (overview.positions, overview.accounts[0].balance) == ((), 1_089_000)
    assert headlines(overview)[0] == "You closed the position."
    for again in (
        product.desk.close_position(trader.user_id, trader.account_id, opened.id, uuid4()),
        product.desk.add_margin(trader.user_id, trader.account_id, opened.id, 1, uuid4()),
    ):
        with pytest.raises(Rejected) as refusal:
            await again
        assert refusal.value.code == "position_not_found"


async def test_a_double_click_on_close_is_one_order(product: Product) -> None:
    trader = await product.trader()
    opened, order = await trader.buys(), uuid4()
    clicks = [
        product.desk.close_position(trader.user_id, trader.account_id, opened.id, order) for _ in range(3)
    ]
    done = await asyncio.gather(*clicks, return_exceptions=True)
    assert sum(isinstance(one, Rejected) for one in done) == 2
    assert len((await seen(trader)).decisions) == 1


# -- seeing -------------------------------------------------------------------------------------


async def test_a_guard_says_when_it_acts_how_much_it_adds_and_what_is_left(product: Product) -> None:
    trader = await product.trader()
    opened = await trader.buys()
    await trader.guards(budget_lifetime_sats=200_000)
    view = await guard_of(trader)
    assert (view.state, view.trigger, view.target) == ("armed", Decimal("0.05"), Decimal("0.12"))
    assert view.headline == "Watching: 9.1% from liquidation, acts at 5%."
    assert 95_693 < view.trigger_price < 95_694
    assert view.target_price == Decimal("103305.5")
    assert (view.spent, view.left) == (0, 200_000)
    await product.tick(95_693)
    added = (await trader.margins())[0] - opened.margin
    assert abs(added - view.would_add) <= 20
    after = await guard_of(trader)
    assert (after.state, after.spent, after.left) == ("armed", added, 200_000 - added)


async def test_a_position_says_how_much_fits_and_how_much_restores_the_target(product: Product) -> None:
    trader = await product.trader()
    opened = await trader.buys()
    (bare,) = (await seen(trader)).positions
    assert (bare.guard, bare.room, bare.to_target) == (None, 900_000, 0)
    await trader.guards()
    (guarded,) = (await seen(trader)).positions
    needed = futures.margin_to_reach(opened, Decimal(100_000), Decimal("0.12"))
    assert guarded.to_target == needed


async def test_a_blocked_guard_says_why_and_a_paused_one_that_it_is_paused(product: Product) -> None:
    trader = await product.trader()
    await trader.buys()
    guard = await trader.guards(budget_lifetime_sats=1)
    await product.tick(95_500)
    view = await guard_of(trader)
    assert view.state == "blocked"
    assert view.headline.startswith("Cannot add margin: The guard's budget has 0 sats left; 8")
    assert view.reasons
    await product.automations.pause(trader.user_id, guard)
    assert (await guard_of(trader)).state == "paused"
    assert (await guard_of(trader)).reasons == ()


async def test_silence_shows_as_a_blocked_guard_and_a_stale_market(product: Product) -> None:
    trader = await product.trader()
    await trader.buys()
    await trader.guards()
    await product.wait(31)
    overview = await seen(trader)
    assert overview.accounts[0].market.state == "stale"
    assert overview.positions[0].guard is not None
    assert overview.positions[0].guard.state == "blocked"
    assert "31.0 s old" in overview.positions[0].guard.headline


async def test_decisions_are_told_in_order_with_reasons_in_the_readers_language(product: Product) -> None:
    trader = await product.trader()
    opened = await trader.buys()
    await trader.guards()
    await product.tick(95_500)
    english, portuguese = await seen(trader), await seen(trader, "pt-BR")
    last, acting, first = english.decisions
    assert [d.outcome for d in english.decisions] == ["watching", "acting", "watching"]
    assert acting.headline.startswith("Added ")
    assert acting.position_id == opened.id
    assert (first.cause, acting.cause, last.cause) == ("configuration", "price", "position")
    assert acting.source == "simulated by hand"
    assert all(verdict in ("passed", "failed", "unknown") for verdict, _ in acting.reasons)
    assert all(sentence.endswith(".") for _, sentence in acting.reasons)
    assert [d.id for d in portuguese.decisions] == [d.id for d in english.decisions]
    assert portuguese.decisions[1].headline != acting.headline


async def test_a_liquidation_is_part_of_the_story(product: Product) -> None:
    trader = await product.trader()
    await trader.buys()
    await product.tick(90_000)
    (ending,) = (await seen(trader)).decisions
    assert ending.outcome == "liquidated"
    assert ending.headline == (
        "Liquidated at 90,909: 100\N{NARROW NO-BREAK SPACE}000 sats of margin are lost."
    )
    assert timedelta(0) < product.clock.moment - ending.at < timedelta(seconds=1)


async def test_the_story_is_cut_at_its_newest_lines(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk_module, "DECISIONS", 3)
    trader = await product.trader()
    opened = await trader.buys()
    for number in range(5):
        product.clock.moment += timedelta(seconds=1)
        await product.desk.add_margin(trader.user_id, trader.account_id, opened.id, number + 1, uuid4())
    assert headlines(await seen(trader)) == [f"You added {n} sats." for n in (5, 4, 3)]


async def test_candles_come_from_the_accounts_own_market(product: Product) -> None:
    trader = await product.trader()
    candle = Candle(NOON, *(Decimal(price) for price in (1, 3, 1, 2)))
    product.feed.history = [candle] * 5
    assert await product.desk.candles(trader.user_id, trader.account_id, "1m", "2") == [candle] * 2
    for limit in (0, -1, 1001, "many"):
        with pytest.raises(Rejected, match="limit"):
            await product.desk.candles(trader.user_id, trader.account_id, "1m", limit)
    await product.desk.start_scenario(trader.user_id, trader.account_id, "story")
    assert await product.desk.candles(trader.user_id, trader.account_id, "1m", 5) == []


# -- scenarios ----------------------------------------------------------------------------------


async def test_a_scenario_is_seen_by_its_account_and_can_be_stopped(product: Product) -> None:
    trader = await product.trader()
    assert product.desk.scenarios() == ("story",)
    await product.desk.start_scenario(trader.user_id, trader.account_id, "story")
    assert (await product.desk.market(trader.user_id, trader.account_id)).scenario == "story"
    with pytest.raises(Rejected) as refusal:
        await product.desk.start_scenario(trader.user_id, trader.account_id, "story")
    assert refusal.value.code == "scenario_running"
    await product.desk.stop_scenario(trader.user_id, trader.account_id)
    assert (await product.desk.market(trader.user_id, trader.account_id)).scenario is None
    with pytest.raises(Rejected, match="choose one of: story"):
        await product.desk.start_scenario(trader.user_id, trader.account_id, "flood")


async def test_looking_and_ordering_while_a_scenario_begins_and_ends_never_fails(product: Product) -> None:
    trader = await product.trader()
    opened = await trader.buys()
    await trader.guards()

    async def look(times: int) -> None:
        for number in range(times):
            assert len((await seen(trader)).accounts) == 1
            await product.desk.add_margin(trader.user_id, trader.account_id, opened.id, number + 1, uuid4())

    async def play() -> None:
        for _ in range(4):
            await product.desk.start_scenario(trader.user_id, trader.account_id, "story")
            await product.desk.stop_scenario(trader.user_id, trader.account_id)

    await asyncio.gather(look(8), play())
    assert await trader.margins() == [opened.margin + sum(range(1, 9))]


# -- whose it is --------------------------------------------------------------------------------


async def test_what_is_another_persons_is_not_found_and_nothing_changes(product: Product) -> None:
    me, her = await product.trader("me"), await product.trader("her")
    opened = await her.buys()
    await her.guards()
    before = await seen(her)
    user, account, desk = me.user_id, her.account_id, product.desk
    refused: list[Awaitable[object]] = [
        desk.market(user, account),
        desk.candles(user, account, "1m", 1),
        desk.quote(user, account, "buy", 1, 1),
        desk.open_position(user, account, "buy", 1, 1),
        desk.add_margin(user, account, opened.id, 1, uuid4()),
        desk.close_position(user, account, opened.id, uuid4()),
        desk.start_scenario(user, account, "story"),
        desk.stop_scenario(user, account),
        desk.market(user, uuid4()),
    ]
    for attempt in refused:
        with pytest.raises(Rejected) as refusal:
            await attempt
        assert refusal.value.code == "account_not_found"
    for wrong in (
        desk.add_margin(user, me.account_id, opened.id, 1, uuid4()),
        desk.close_position(user, me.account_id, opened.id, uuid4()),
    ):
        with pytest.raises(Rejected) as refusal:
            await wrong
        assert refusal.value.code == "position_not_found"
    assert await seen(her) == before


async def test_each_sees_her_own_desk_alone(product: Product) -> None:
    me, her = await product.trader("me"), await product.trader("her")
    for trader in (me, her):
        await trader.buys()
        await trader.guards()
    await product.tick(95_500)
    mine, hers = await seen(me), await seen(her)
    assert {view.account_id for view in mine.positions} == {me.account_id}
    assert {row.account_id for row in hers.automations} == {her.account_id}
    assert not {d.id for d in mine.decisions} & {d.id for d in hers.decisions}
    assert len(mine.decisions) == len(hers.decisions) == 3
    nobody = await product.desk.overview(uuid4())
    assert (nobody.accounts, nobody.positions, nobody.automations, nobody.decisions) == ((), (), (), ())


async def test_two_accounts_of_one_person_are_kept_apart(product: Product) -> None:
    trader = await product.trader()
    second = await product.desk.open_paper(trader.user_id, "Second", 500_000)
    opened = await trader.buys()
    overview = await seen(trader)
    assert [a.balance for a in overview.accounts] == [1_000_000 - 102_100, 500_000]
    assert [view.account_id for view in overview.positions] == [trader.account_id]
    with pytest.raises(Rejected):
        await product.desk.close_position(trader.user_id, second, opened.id, uuid4())
