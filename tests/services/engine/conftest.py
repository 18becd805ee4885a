"""Fixtures for the engine's tests."""

from collections.abc import Iterator

import pytest
import structlog


@pytest.fixture
def quiet() -> Iterator[None]:
    """What is broken on purpose is logged with tracebacks, which take longer than the tests."""
    with structlog.testing.capture_logs():
        yield
