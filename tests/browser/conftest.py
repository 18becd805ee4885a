"""A running Axisor and a Chromium that looks at it; what goes wrong in the page fails the test."""

import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from axisor_app import chromium
from tests.support.databases import traversable_directory
from tests.support.processes import free_port, line_of, program_from

PATIENCE_MS = 20_000
PHONE = {"viewport": {"width": 360, "height": 760}, "is_mobile": True, "has_touch": True}
DESKTOP = {"viewport": {"width": 1440, "height": 900}}
NAME, PASSWORD = "ada@example.org", "correct horse battery"

_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

_WATCH = """
window.addEventListener("click", (event) => {
  if (event.isTrusted && event.detail > 0)
    sessionStorage.setItem("clicks", Number(sessionStorage.getItem("clicks") ?? 0) + 1);
}, true);
document.addEventListener("securitypolicyviolation", (event) => console.error("CSP", event.blockedURI));
window.shift = 0;
window.moved = [];
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    window.shift += entry.value;
    window.moved.push(...entry.sources.map((one) => one.node?.textContent?.slice(0, 60)));
  }
}).observe({ type: "layout-shift", buffered: true });
"""


@dataclass
class Journey:
    """How the first run went, and the cookies at its end."""

    clicks: int = 0
    seconds: float = 0
    armed: bool = False
    cookies: dict[str, Any] = field(default_factory=dict)


@contextmanager
def running() -> Iterator[str]:
    """`axisor up` on an empty data directory; its address."""
    directory = traversable_directory("axisor-browser-")
    words = ["-m", "axisor_app.cli", "up", "--feed", "simulated", "--port", str(free_port())]
    try:
        with program_from(words, "--data-dir", directory) as child:
            try:
                yield line_of(child, "Axisor is ready: ").partition(": ")[2]
            finally:
                child.terminate()
                child.wait(30)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="session")
def screenshots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pictures go: AXISOR_SCREENSHOTS, else a temporary directory."""
    chosen = os.environ.get("AXISOR_SCREENSHOTS")
    if chosen is None:
        return tmp_path_factory.mktemp("screenshots")
    path = Path(chosen)
    path.mkdir(parents=True, exist_ok=True)
    return path


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=str(chromium.ensure()), args=_FLAGS)
        yield launched
        launched.close()


@pytest.fixture(scope="session")
def instance() -> Iterator[str]:
    """The address of one Axisor for all browser tests; it starts empty."""
    with running() as url:
        yield url


@contextmanager
def tab(browser: Browser, url: str, **options: Any) -> Iterator[Page]:
    """A page in a context of its own that may not log an error."""
    context: BrowserContext = browser.new_context(base_url=url, locale="en-US", **options)
    context.set_default_timeout(PATIENCE_MS)
    context.add_init_script(_WATCH)
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda message: problems.append(message.text) if _bad(message) else None)
    try:
        yield page
        assert not problems, problems
    finally:
        context.close()


def _bad(message: Any) -> bool:
    """Errors count; the browser's own note about an answer of 4xx is expected in some tests."""
    return message.type == "error" and "the server responded with a status of 4" not in message.text


@pytest.fixture(scope="session")
def journey(browser: Browser, instance: str) -> Journey:
    """From the empty data directory to an armed guard, as a person on a phone does it."""
    done = Journey()
    with tab(browser, instance, **PHONE) as page:
        started = time.monotonic()
        page.goto("/")
        page.get_by_label("Name or e-mail").fill(NAME)
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Create owner account").tap()
        page.get_by_role("button", name="Open paper account").tap()
        page.get_by_text("When bitcoin falls to").wait_for()
        page.get_by_role("button", name="Open and guard").tap()
        page.get_by_text("Guard armed").wait_for()
        done.seconds = time.monotonic() - started
        done.clicks = int(page.evaluate("sessionStorage.getItem('clicks')"))
        done.armed = True
        done.cookies = page.context.storage_state()
    return done


@pytest.fixture
def visit(browser: Browser, instance: str, journey: Journey) -> Iterator[Callable[..., Page]]:
    """Open Protect as the person of the journey, who is signed in."""
    open_tabs = []

    def open_page(**options: Any) -> Page:
        context = tab(browser, instance, storage_state=journey.cookies, **(options or DESKTOP))
        page = context.__enter__()
        open_tabs.append(context)
        page.goto("/")
        page.get_by_role("button", name="Add margin").first.wait_for()
        return page

    yield open_page
    for one in open_tabs:
        one.__exit__(None, None, None)
