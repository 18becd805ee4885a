"""PostgreSQL from a wheel, supervised by Axisor: used when DATABASE_URL is not set.

server.py      EmbeddedPostgres: who owns the server, start, watch, stop
process.py     the process: flags, signals, words, files
cluster.py     where the database files are and how they are made
runtime.py     the programs, and the account that runs them when we are root
connection.py  the file by which other processes find the server
"""

from services.adapters.database.embedded.cluster import MAJOR, existing, orphans
from services.adapters.database.embedded.runtime import installed
from services.adapters.database.embedded.server import EmbeddedPostgres, running

__all__ = ["MAJOR", "EmbeddedPostgres", "existing", "installed", "orphans", "running"]
