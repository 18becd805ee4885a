"""Alembic's entry: migrates on the connection that it was given, or on DATABASE_URL."""

import os

from alembic import context
from sqlalchemy import create_engine
from sqlmodel import SQLModel

from services.storage import tables  # noqa: F401 - fills the metadata
from services.storage.database import driver_url


def run() -> None:
    connection = context.config.attributes.get("connection")
    if connection is None:
        connection = create_engine(driver_url(os.environ["DATABASE_URL"])).connect()
    context.configure(
        connection=connection,
        target_metadata=SQLModel.metadata,
        compare_type=True,
        compare_server_default=True,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


run()
