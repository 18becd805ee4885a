"""Fixtures for delivery code."""

from collections.abc import AsyncIterator

import pytest

from tests.support.product import Product, assembled


@pytest.fixture
async def product(database_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Product]:
    """The product on a database of its own, reached by http."""
    async with assembled(database_url, monkeypatch) as product:
        yield product


@pytest.fixture
async def secure_product(database_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Product]:
    """The same, reached by https."""
    address = "https://axisor.example.org"
    async with assembled(database_url, monkeypatch, public_url=address) as product:
        yield product
