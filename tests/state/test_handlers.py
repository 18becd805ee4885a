"""Events: anybody may send anything; only the owner's do something, and never the wrong thing."""

import inspect
from typing import Any

import pytest
import reflex as rx
from reflex_base.registry import RegistrationContext

from axisor_app.api.identity import PLAIN_COOKIE, SECURE_COOKIE
from services.accounts.people import Person
from services.wiring import Axisor
from state.guarding import GuardState
from state.orders import OrderState
from state.protect import ProtectState
from state.scenario import ScenarioState
from state.session import COOKIE_NAMES, SessionState
from state.start import StartState
from state.ticket import TicketState
from tests.state.conftest import Tab

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:services.*")

OURS = (SessionState, ProtectState, TicketState, OrderState, GuardState, ScenarioState, StartState)
FIRST = {"side": "buy", "quantity": "1000", "leverage": "10", "trigger_percent": "5", "target_percent": "12"}
JUNK: tuple[Any, ...] = (
    None,
    7,
    -1.5,
    "",
    "x" * 5000,
    [],
    {},
    {"a": []},
    "0000-0000",
)

HANDLERS = [
    (state, name) for state in OURS for name in state.event_handlers if name not in rx.State.event_handlers
]


def arguments(state: type[rx.State], name: str, value: Any) -> dict[str, Any]:
    parameters = list(inspect.signature(state.event_handlers[name].fn).parameters)[1:]
    return dict.fromkeys(parameters, value)


async def world(axisor: Axisor, person: Person) -> tuple[Any, ...]:
    """Everything that an event could have changed."""
    seen = await axisor.desk.overview(person.id)
    accounts = [(one.id, one.balance, one.market.scenario) for one in seen.accounts]
    automations = [(one.id, one.version, one.paused) for one in seen.automations]
    return accounts, automations, [one.position for one in seen.positions]


async def start(tab: Tab) -> None:
    """Through the wizard: a paper account, a position, its guard."""
    await tab.do(StartState, "load")
    await tab.do(StartState, "open_account", form={"balance": "10000000"})
    await tab.do(StartState, "arm", form=FIRST)
    await tab.do(ProtectState, "refresh")


def test_the_pages_and_the_api_mean_the_same_cookies() -> None:
    assert set(COOKIE_NAMES) == {PLAIN_COOKIE, SECURE_COOKIE}


def test_nothing_public_is_called_set_or_left_out_of_these_tests() -> None:
    registered = {
        name.rpartition(".")[0].rpartition(".")[2]
        for name in RegistrationContext.get().event_handlers
        if "state___" in name and not name.startswith("reflex___state____state.reflex")
    }
    assert registered <= {state.get_name() for state in OURS} | {"reflex___state____state"}
    for state, name in HANDLERS:
        assert not name.startswith("set"), name
        assert inspect.iscoroutinefunction(state.event_handlers[name].fn), (state, name)


@pytest.mark.parametrize(("state", "name"), HANDLERS, ids=lambda one: getattr(one, "__name__", one))
async def test_a_stranger_changes_nothing_and_learns_nothing(
    axisor: Axisor, tab: Tab, owner: Person, stranger: Tab, state: type[rx.State], name: str
) -> None:
    await start(tab)
    position = (await tab.state(ProtectState)).positions[0]
    before = await world(axisor, owner)
    for value in (position.id, FIRST, {**FIRST, "amount": "1", "balance": "99999"}, "crash", "pause"):
        await stranger.do(state, name, **arguments(state, name, value))
    after = await world(axisor, owner)
    assert after[1] == before[1]
    assert [one.id for one in after[2]] == [one.id for one in before[2]]
    assert [one.margin for one in after[2]] == [one.margin for one in before[2]]
    shown = await stranger.state(ProtectState)
    assert shown.positions == []
    assert shown.accounts == []


@pytest.mark.parametrize(("state", "name"), HANDLERS, ids=lambda one: getattr(one, "__name__", one))
async def test_junk_is_survived_and_changes_nothing(
    axisor: Axisor, tab: Tab, owner: Person, state: type[rx.State], name: str
) -> None:
    await start(tab)
    before = await world(axisor, owner)
    for value in JUNK:
        await tab.do(state, name, **arguments(state, name, value))
    after = await world(axisor, owner)
    assert after[1] == before[1]
    assert [one.id for one in after[2]] == [one.id for one in before[2]]


async def test_the_wizard_opens_one_position_with_one_guard(axisor: Axisor, tab: Tab, owner: Person) -> None:
    await start(tab)
    await tab.do(StartState, "arm", form=FIRST)
    shown = await tab.state(ProtectState)
    assert [row.state for row in shown.positions] == ["armed"]
    assert len((await world(axisor, owner))[1]) == 1


async def test_a_repeated_order_adds_margin_once(axisor: Axisor, tab: Tab, owner: Person) -> None:
    await start(tab)
    row = (await tab.state(ProtectState)).positions[0]
    await tab.do(OrderState, "ask_margin", position_id=row.id)
    await tab.do(OrderState, "add_margin", form={"amount": "1000"})
    await tab.do(OrderState, "add_margin", form={"amount": "1000"})
    (position,) = (await world(axisor, owner))[2]
    assert position.margin == row.margin + 1000


async def test_sentences_follow_the_language_of_the_tab(tab: Tab) -> None:
    await start(tab)
    await tab.do(SessionState, "choose_language", tag="pt-BR")
    await tab.do(ProtectState, "refresh")
    assert (await tab.state(ProtectState)).positions[0].label == "Compra 1.000 USD"


async def test_editing_a_guard_makes_its_next_version(axisor: Axisor, tab: Tab, owner: Person) -> None:
    await start(tab)
    row = (await tab.state(ProtectState)).positions[0]
    await tab.do(GuardState, "start", position_id=row.id)
    await tab.do(GuardState, "arm", form={**FIRST, "target_percent": "15", "scope": "all"})
    (stored,) = (await axisor.desk.overview(owner.id)).automations
    assert stored.version == 2
    assert stored.config["target_percent"] == "15"
    assert stored.config["positions"] is None


@pytest.mark.parametrize("name", ["", "no such scenario", "crash; drop table"])
async def test_an_unknown_scenario_is_refused_with_the_known_ones(tab: Tab, name: str) -> None:
    await start(tab)
    await tab.do(ScenarioState, "begin", name=name)
    assert "crash" in (await tab.state(ScenarioState)).problem


async def test_every_scenario_of_the_server_has_its_button(axisor: Axisor) -> None:
    from pathlib import Path

    page = (Path(__file__).parents[2] / "components" / "scenario_dialog.py").read_text()
    script = (Path(__file__).parents[2] / "components" / "market.jsx").read_text()
    for name in axisor.desk.scenarios():
        assert f'"{name}"' in page
        assert f'"{name}": (t)' in script or f"{name}: (t)" in script


async def test_a_second_position_gets_a_guard_of_its_own(axisor: Axisor, tab: Tab, owner: Person) -> None:
    await start(tab)
    first = (await tab.state(ProtectState)).positions[0]
    await tab.do(GuardState, "start", position_id=first.id)
    await tab.do(GuardState, "arm", form={**FIRST, "scope": "one"})
    await tab.do(TicketState, "start")
    await tab.do(TicketState, "order", form={"side": "sell", "quantity": "500", "leverage": "5"})
    await tab.do(ProtectState, "refresh")
    second = next(row for row in (await tab.state(ProtectState)).positions if row.id != first.id)
    assert (second.side, second.state) == ("sell", "")
    await tab.do(GuardState, "start", position_id=second.id)
    fields = (await tab.state(GuardState)).fields
    assert (await tab.state(GuardState)).problem == ""
    await tab.do(GuardState, "arm", form={**fields, "scope": "one"})
    await tab.do(ProtectState, "refresh")
    assert {row.state for row in (await tab.state(ProtectState)).positions} == {"armed"}
