"""The operator's own PostgreSQL: does it answer, and is it new enough?

Separate from the embedded one, with which it shares only the driver. Nothing here ever
shows the password, neither in a message nor in the cause of an error.
"""

from urllib.parse import unquote, urlsplit

import psycopg

from services.domain.errors import Rejected

OLDEST = 15
"""Oldest major version that our SQL runs on."""

_CONNECT_TIMEOUT_S = 5


def check(url: str) -> int:
    """Connect once and compare versions.

    Args:
        url: SQLAlchemy's address, postgresql+psycopg://...
    Returns:
        The server's major version.
    Raises:
        Rejected: it does not let us in, or is too old; says which and what to do.
    """
    try:
        with psycopg.connect(_plain(url), connect_timeout=_CONNECT_TIMEOUT_S) as session:
            major = session.info.server_version // 10_000
    except psycopg.Error as error:
        raise Rejected(
            f"The database of DATABASE_URL does not let Axisor in: {_reason(error, url)};"
            " check its address, user and password, and that it runs.",
            code="database_unreachable",
        ) from None
    if major < OLDEST:
        raise Rejected(
            f"The database of DATABASE_URL is PostgreSQL {major}; Axisor needs {OLDEST} or later.",
            code="database_too_old",
        )
    return major


def _plain(url: str) -> str:
    return url.replace("postgresql+psycopg://", "postgresql://", 1)


def _reason(error: psycopg.Error, url: str) -> str:
    """The first line of what the driver says, with the password taken out in every spelling."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    text = lines[0] if lines else type(error).__name__
    password = urlsplit(url).password
    for secret in {password, unquote(password)} if password else ():
        text = text.replace(secret, "...")
    return text.rstrip(".")
