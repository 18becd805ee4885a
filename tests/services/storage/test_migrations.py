"""Migrations: they make what the models say, can be undone, and refuse what they do not know."""

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool
from sqlmodel import SQLModel

from services.domain.errors import Rejected
from services.storage import migrations, tables
from services.storage.database import driver_url
from tests.support.databases import libpq_url


def schema(url: str) -> set[tuple[str, ...]]:
    """Every column, constraint and index, as PostgreSQL describes them."""
    queries = (
        "select table_name, column_name, data_type, is_nullable, coalesce(column_default, '') "
        "from information_schema.columns where table_schema = 'public'",
        "select conrelid::regclass::text, conname, pg_get_constraintdef(oid) from pg_constraint "
        "where connamespace = 'public'::regnamespace",
        "select tablename, indexname, indexdef from pg_indexes where schemaname = 'public'",
    )
    with psycopg.connect(libpq_url(url)) as session:
        return {tuple(map(str, row)) for query in queries for row in session.execute(query).fetchall()}


def run(url: str, statement: str) -> None:
    with psycopg.connect(libpq_url(url), autocommit=True) as session:
        session.execute(statement)


def test_models_and_migrations_agree(database_url: str) -> None:
    assert tables.UserRow.metadata is SQLModel.metadata
    with create_engine(driver_url(database_url), poolclass=NullPool).connect() as connection:
        options = {"compare_type": True, "compare_server_default": True}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, SQLModel.metadata) == []


def test_every_migration_can_be_undone_and_done_again(empty_database_url: str) -> None:
    migrations.upgrade(empty_database_url)
    made = schema(empty_database_url)
    assert any(row[0] == "intents" for row in made)
    migrations.downgrade(empty_database_url, "base")
    left = {row[0] for row in schema(empty_database_url)}
    assert left <= {"alembic_version"}
    migrations.upgrade(empty_database_url)
    assert schema(empty_database_url) == made


def test_a_database_that_is_current_is_left_as_it_is(database_url: str) -> None:
    before = schema(database_url)
    migrations.upgrade(database_url)
    assert schema(database_url) == before


def test_a_database_from_a_newer_version_is_refused_with_a_sentence(database_url: str) -> None:
    run(database_url, "update alembic_version set version_num = '9999'")
    before = schema(database_url)
    with pytest.raises(Rejected) as refusal:
        migrations.upgrade(database_url)
    assert refusal.value.code == "database_newer"
    assert refusal.value.message == (
        "The database was made by a newer version of Axisor (revision 9999). "
        "Install that version, or restore a backup made with this one."
    )
    assert schema(database_url) == before


def test_two_that_start_at_once_migrate_once(empty_database_url: str) -> None:
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(migrations.upgrade, [empty_database_url] * 2))
    with psycopg.connect(libpq_url(empty_database_url)) as session:
        assert session.execute("select count(*) from alembic_version").fetchone() == (1,)
