"""The connection file: how other processes of Axisor find the embedded server.

It outlives the server, because it also keeps the password. It is written before the
cluster is made, so that no crash leaves a cluster whose password nobody knows.
"""

import json
import os
import secrets
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from urllib.parse import quote

from services.domain.errors import Rejected

NAME = "postgres.json"
USER = "axisor"
DATABASE = "axisor"
HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Connection:
    """Where the server listens, or last listened; it may be down."""

    password: str
    port: int | None = None

    def __repr__(self) -> str:
        return f"Connection(port={self.port})"

    def url(self, database: str = DATABASE) -> str:
        """SQLAlchemy's address of a database on this server; only for a known port."""
        return f"postgresql+psycopg://{USER}:{quote(self.password)}@{HOST}:{self.port}/{database}"

    def conninfo(self, database: str) -> str:
        """The same for psycopg.connect; the password is ours and needs no quotes."""
        return f"host={HOST} port={self.port} user={USER} password={self.password} dbname={database}"


def read(data_dir: Path) -> Connection | None:
    """The connection last written in a data directory, or None where there is none.

    Raises:
        Rejected: the file is there but is not a connection file.
    """
    path = data_dir / NAME
    try:
        return Connection(**json.loads(path.read_text()))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError) as error:
        raise Rejected(f"{path} is damaged; remove it, and the next start writes it anew.") from error


def write(data_dir: Path, connection: Connection) -> None:
    """Replace the file in one step, readable by its owner only."""
    path = data_dir / NAME
    fresh = path.with_suffix(f".{os.getpid()}")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(asdict(connection), file)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def moved(connection: Connection, port: int | None) -> Connection:
    """The same server at another port."""
    return replace(connection, port=port)


def invented() -> Connection:
    """A connection with a fresh password, for a server that was never started."""
    return Connection(password=secrets.token_urlsafe(24))
