"""The database of a starting process: the operator's own, or the embedded one.

Beside `services.wiring` the only place that names a database adapter: the embedded server
must be started and stopped around the application, not from within it.
"""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from services.settings import Settings


@dataclass(frozen=True, slots=True)
class Database:
    """A database that answers.

    Attributes:
        url: SQLAlchemy's address, with the password.
        watch: keeps it running until cancelled.
        stop: ends it, if that is ours to do.
    """

    url: str = field(repr=False)
    watch: Callable[[], Awaitable[None]]
    stop: Callable[[], None]


@contextmanager
def opened(settings: Settings) -> Iterator[Database]:
    """Check the operator's database, or start the embedded one and stop it at the end.

    Raises:
        Rejected, Unavailable: it cannot be used; says why.
    """
    if settings.database_url is not None:
        yield _external(settings.database_url.get_secret_value())
        return
    from services.adapters.database.embedded import EmbeddedPostgres

    with EmbeddedPostgres(settings.data_dir, pg_user=settings.pg_user) as server:
        yield Database(url=server.url, watch=server.watch, stop=server.stop)


def described(settings: Settings) -> Iterator[str]:
    """What there is to say about the database, without starting or changing any.

    Raises:
        AxisorError: it could not be used as it is.
    """
    if settings.database_url is not None:
        from services.adapters.database import external

        yield f"DATABASE_URL answers, PostgreSQL {external.check(settings.database_url.get_secret_value())}"
        return
    from services.adapters.database import embedded

    yield f"embedded PostgreSQL {embedded.MAJOR}, programs in {embedded.installed()}"
    cluster = embedded.existing(settings.data_dir)
    if cluster is None:
        yield "no files yet; the first start makes them"
        return
    cluster.check_version()
    server = embedded.running(settings.data_dir)
    state = "not running" if server is None else f"running on port {server.port}"
    yield f"{state}, files in {cluster.path}"


def abandoned() -> Sequence[Path]:
    """Directories with database files that no data directory names any more."""
    from services.adapters.database import embedded

    return embedded.orphans()


def _external(url: str) -> Database:
    from services.adapters.database import external

    external.check(url)
    return Database(url=url, watch=_nothing, stop=lambda: None)


async def _nothing() -> None:
    """Somebody else keeps the operator's database running."""
