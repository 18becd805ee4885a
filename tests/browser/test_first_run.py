"""The main job, seen by a person: from nothing to a guard that acts."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESKTOP, PATIENCE_MS, PHONE, Journey

pytestmark = pytest.mark.browser

SIZES = {"360": PHONE, "1440": DESKTOP}


def test_the_first_guard_is_armed_within_a_minute_and_six_clicks(journey: Journey) -> None:
    assert journey.armed
    assert journey.seconds < 60
    assert 0 < journey.clicks <= 6


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("theme", ["dark", "light"])
def test_protect_fits_the_screen_and_does_not_jump_while_the_price_ticks(
    visit: Callable[..., Page], screenshots: Path, size: str, theme: str
) -> None:
    page = visit(**SIZES[size], color_scheme=theme)
    page.get_by_text("All safe", exact=True).last.wait_for()
    page.wait_for_timeout(1500)
    before = page.evaluate("window.shift")
    page.evaluate("window.moved = []")
    page.wait_for_timeout(3000)
    page.screenshot(path=screenshots / f"protect-{size}-{theme}.png")
    ticking = page.evaluate("window.shift") - before  # a right-aligned amount that gains a digit counts
    assert ticking < 0.001, page.evaluate("window.moved")
    assert before < 0.1
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_the_guard_saves_the_position_in_a_crash(visit: Callable[..., Page], screenshots: Path) -> None:
    page = visit()
    page.get_by_role("button", name="Scenario").first.click()
    page.get_by_role("button", name=re.compile("^Crash")).click()
    expect(page.get_by_role("note").get_by_text("Scenario: Crash")).to_be_visible()
    added = page.locator(".decision-headline", has_text=re.compile(r"^Added .* sats at "))
    added.first.wait_for(timeout=3 * PATIENCE_MS)
    page.screenshot(path=screenshots / "crash-1440.png")
    added.first.click()
    expect(page.locator("details[open]").get_by_text("from liquidation at")).to_be_visible()
    phone = visit(**PHONE)
    phone.screenshot(path=screenshots / "crash-360.png")
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_text("Simulated market").first).to_be_visible()
    expect(page.get_by_text("Liquidated")).to_have_count(0)
    expect(page.get_by_role("button", name="Add margin")).to_have_count(1)
