"""Fixtures for all tests: a clean environment, one database server, a database per test."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from services.adapters.database.embedded import EmbeddedPostgres
from services.settings import TEST_VARIABLES
from tests.support.databases import (
    administer,
    await_server_end,
    database_at,
    temporary_database,
    temporary_server,
    traversable_directory,
)

_TEMPLATE = "axisor_template"

settings.register_profile("axisor", derandomize=True, deadline=None, database=None)
settings.load_profile("axisor")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser tests come last: their driver keeps an event loop, beside which no other can run."""
    items.sort(key=lambda item: "browser" in item.path.relative_to(Path(__file__).parent).parts)


@pytest.fixture(scope="session", autouse=True)
def _environment() -> Iterator[None]:
    """Nothing that the developer has set reaches the tests."""
    removed = [name for name in os.environ if name.startswith(("AXISOR_", "DATABASE_URL", "REDIS_URL"))]
    with pytest.MonkeyPatch.context() as patch:
        for name in removed:
            if name not in TEST_VARIABLES:
                patch.delenv(name)
        patch.setenv("REFLEX_TELEMETRY_ENABLED", "false")
        patch.setenv("REFLEX_CHECK_LATEST_VERSION", "false")
        yield


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    """The one database server of the test run."""
    with temporary_server() as server:
        yield server


@pytest.fixture(scope="session")
def migrated_template(postgres: EmbeddedPostgres) -> str:
    """Name of a database with all migrations applied, for copying."""
    from services.storage import migrations

    administer(postgres.url, f"CREATE DATABASE {_TEMPLATE}")
    migrations.upgrade(database_at(postgres.url, _TEMPLATE))
    return _TEMPLATE


@pytest.fixture
def database_url(postgres: EmbeddedPostgres, migrated_template: str) -> Iterator[str]:
    """Address of a fresh database with all migrations applied."""
    with temporary_database(postgres.url, template=migrated_template) as url:
        yield url


@pytest.fixture
def empty_database_url(postgres: EmbeddedPostgres) -> Iterator[str]:
    """Address of a fresh database without any table."""
    with temporary_database(postgres.url) as url:
        yield url


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """An empty data directory that the account of the database can reach."""
    path = traversable_directory("axisor-data-")
    yield path
    await_server_end(path)
    shutil.rmtree(path)
