"""Everyday use: language, theme, keyboard, refusals, signing out, losing the connection."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import DESKTOP, NAME, PASSWORD, PHONE, Journey, running, tab

pytestmark = pytest.mark.browser


def test_the_language_changes_in_place_also_in_sentences_of_the_server(visit: Callable[..., Page]) -> None:
    page = visit()
    page.evaluate("window.same = true")
    page.get_by_role("button", name="More").click()
    page.get_by_role("radio", name="Português (Brasil)").click()
    expect(page.get_by_role("button", name="Adicionar margem")).to_be_visible()
    expect(page.locator(".decision-headline").first).to_contain_text("da liquidação")
    assert page.evaluate("window.same")
    assert page.evaluate("document.documentElement.lang") == "pt-BR"
    page.reload()
    expect(page.get_by_role("button", name="Adicionar margem")).to_be_visible()
    page.get_by_role("button", name="Mais").click()
    page.get_by_role("radio", name="English").click()
    expect(page.get_by_role("button", name="Add margin")).to_be_visible()


def test_the_theme_is_remembered_and_there_before_anything_is_drawn(visit: Callable[..., Page]) -> None:
    page = visit(**DESKTOP, color_scheme="dark")
    page.get_by_role("button", name="More").click()
    page.get_by_role("radio", name="Light").check()
    expect(page.locator("html")).to_have_class("light")
    page.goto("/", wait_until="commit")
    page.wait_for_selector("body", state="attached")
    assert "light" in page.evaluate("document.documentElement.className")
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(239, 241, 238)"


def test_everything_is_reached_by_keyboard(visit: Callable[..., Page]) -> None:
    page = visit()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    button = page.get_by_role("button", name="Add margin")
    button.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Add margin")
    expect(dialog).to_be_visible()
    assert page.evaluate("document.activeElement.closest('dialog') !== null")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(button).to_be_focused()


@pytest.mark.parametrize("quantity", ["-5", "0", "1.5", "many", "500001", ""])
def test_a_bad_quantity_is_refused_beside_the_form_and_opens_nothing(
    visit: Callable[..., Page], quantity: str
) -> None:
    page = visit(**PHONE)
    page.get_by_role("button", name="Open a position").click()
    dialog = page.get_by_role("dialog", name="Open a position")
    dialog.get_by_label("Quantity").fill(quantity)
    expect(dialog.get_by_role("alert")).to_contain_text("must be a whole number from 1 to 500,000")
    expect(dialog.get_by_role("button", name="Open long")).to_be_disabled()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Add margin")).to_have_count(1)


def test_a_target_below_the_trigger_is_refused(visit: Callable[..., Page]) -> None:
    page = visit()
    page.get_by_role("button", name="Edit guard").click()
    dialog = page.get_by_role("dialog", name="Margin Guard")
    dialog.get_by_label("Restores to").fill("4")
    expect(dialog.get_by_role("alert")).to_contain_text("must be above the trigger")
    dialog.get_by_role("button", name="Save guard").click()
    expect(dialog.get_by_role("alert")).to_contain_text("must be above the trigger")
    expect(dialog).to_be_visible()


def test_a_guard_is_paused_and_resumed_and_says_so(visit: Callable[..., Page]) -> None:
    page = visit()
    page.get_by_role("button", name="Pause guard").click()
    expect(page.get_by_text("Guards paused", exact=True).last).to_be_visible()
    expect(page.get_by_text("Guard paused. It adds nothing until you resume it")).to_be_visible()
    page.get_by_role("button", name="Resume guard").click()
    expect(page.get_by_text("Guard armed")).to_be_visible()


def test_margin_is_added_by_hand_once(visit: Callable[..., Page]) -> None:
    page = visit()
    page.get_by_role("button", name="Add margin").click()
    dialog = page.get_by_role("dialog", name="Add margin")
    dialog.get_by_label("Margin to add").fill("1234")
    expect(dialog.get_by_text("Adds 1")).to_be_visible()
    dialog.get_by_role("button", name="Add margin").dblclick()
    expect(dialog).to_be_hidden()
    orders = page.locator(".decision-headline", has_text="You added 1")
    expect(orders).to_have_count(1)


def test_signing_out_leads_to_sign_in_and_back(browser: Browser, instance: str, journey: Journey) -> None:
    with tab(browser, instance, **DESKTOP) as page:
        page.goto("/")
        page.get_by_label("Name or e-mail").fill(NAME)
        page.get_by_label("Password", exact=True).fill("not the password")
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("alert")).to_contain_text("Name or password is not right.")
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.keyboard.press("Enter")
        page.get_by_role("button", name="Add margin").wait_for()
        page.get_by_role("button", name="More").click()
        page.get_by_role("button", name="Sign out").click()
        page.wait_for_url("**/sign-in/")
        page.goto("/")
        page.wait_for_url("**/sign-in/")
        expect(page.get_by_text("Long 1,000 USD")).to_have_count(0)


def test_an_unknown_address_says_so_and_leads_back(browser: Browser, instance: str, journey: Journey) -> None:
    with tab(browser, instance, **PHONE) as page:
        answer = page.goto("/no/such/page")
        assert answer is not None
        assert answer.status == 404
        expect(page.get_by_role("heading", name="There is no such page")).to_be_visible()
        expect(page.get_by_role("link", name="Back to Protect")).to_have_attribute("href", "/")


def test_a_lost_connection_is_unmistakable_and_keeps_the_numbers(browser: Browser) -> None:
    options = {**DESKTOP, "base_url": None}
    with running() as url:
        context = browser.new_context(**{**options, "base_url": url})
        page = context.new_page()
        page.goto("/")
        page.get_by_label("Name or e-mail").fill(NAME)
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Create owner account").click()
        page.get_by_role("button", name="Open paper account").click()
        page.get_by_text("When bitcoin falls to").wait_for()
        page.get_by_role("button", name="Open and guard").click()
        page.get_by_text("Guard armed").wait_for()
    expect(page.get_by_text("Not connected", exact=True).last).to_be_visible(timeout=15_000)
    expect(page.get_by_text("These are the last numbers seen")).to_be_visible()
    expect(page.locator(".distance-number")).to_contain_text("%")
    context.close()
