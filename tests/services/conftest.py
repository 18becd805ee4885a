"""Fixtures for use cases."""

from collections.abc import AsyncIterator

import pytest

from tests.support.product import Product, assembled


@pytest.fixture
async def product(database_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Product]:
    """The product on a database of its own, with a market that the test moves."""
    async with assembled(database_url, monkeypatch) as product:
        yield product
