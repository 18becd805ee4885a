"""Brings a database to this version's schema. `up` calls it before anything else runs."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.pool import NullPool

from services.domain.errors import Rejected
from services.storage.database import CONNECT_TIMEOUT_S, driver_url

ROOT = Path(__file__).resolve().parents[2]

_LOCK = 0x4158_4953  # one migration at a time, whoever else starts


def config(connection: Connection | None = None) -> Config:
    """Alembic's configuration for this tree, bound to `connection`."""
    settings = Config()
    settings.set_main_option("script_location", str(ROOT / "alembic"))
    settings.attributes["connection"] = connection
    return settings


def upgrade(url: str, revision: str = "head") -> None:
    """Migrate to `revision`, under a lock of its own.

    Raises:
        Rejected: the database was made by a newer version.
    """
    with _connect(url) as connection:
        connection.execute(text("select pg_advisory_lock(:lock)"), {"lock": _LOCK})
        try:
            _refuse_newer(connection)
            command.upgrade(config(connection), revision)
            connection.commit()
        finally:
            connection.rollback()
            connection.execute(text("select pg_advisory_unlock(:lock)"), {"lock": _LOCK})
            connection.commit()


def downgrade(url: str, revision: str) -> None:
    """Undo migrations down to `revision`; `base` undoes them all."""
    with _connect(url) as connection:
        command.downgrade(config(connection), revision)
        connection.commit()


def _connect(url: str) -> Connection:
    engine = create_engine(
        driver_url(url), poolclass=NullPool, connect_args={"connect_timeout": CONNECT_TIMEOUT_S}
    )
    return engine.connect()


def _refuse_newer(connection: Connection) -> None:
    known = {script.revision for script in ScriptDirectory.from_config(config()).walk_revisions()}
    current = set(MigrationContext.configure(connection).get_current_heads())
    connection.commit()
    if current - known:
        raise Rejected(
            f"The database was made by a newer version of Axisor (revision {min(current - known)}). "
            "Install that version, or restore a backup made with this one.",
            code="database_newer",
        )
