"""`axisor up`: everything, in the right order, and back again."""

import gc
import os
import sys
from pathlib import Path
from typing import Any

import click
from pydantic import SecretStr

from axisor_app import frontend, instance, logs
from axisor_app.database import Database, opened
from services.settings import Settings, load_settings, unknown_variables, variable_of


@click.command("up")
@click.option("--port", type=click.IntRange(1, 65_535), help="Port of the app [default: 3000].")
@click.option("--host", help="Address to listen on [default: 127.0.0.1, this machine only].")
@click.option("--data-dir", type=click.Path(path_type=Path), help="Where database, keys and logs live.")
@click.option(
    "--feed", metavar="FEED", help="Prices for paper accounts: auto, live, simulated or replay:FILE."
)
def command(**options: Any) -> None:
    """Start Axisor and keep it running until Ctrl-C.

    Every option has an environment variable, as docs/settings.md lists them.
    """
    settings = load_settings(**options)
    for sentence in unknown_variables(os.environ):
        print(f"axisor: {sentence}", file=sys.stderr)
    run(settings)


def run(settings: Settings) -> None:
    """Start what is needed, serve, and stop all of it.

    What can be in the way is looked at first, from the quickest to the slowest.

    Raises:
        AxisorError: something is in the way; says what.
    """
    gc.disable()  # a tenth of the start would go into looking for garbage among what is imported to stay
    os.chdir(frontend.ROOT)  # Reflex reads its configuration and the built pages from here
    logs.configure(settings)
    with instance.claimed(settings), opened(settings) as database:
        _migrate(database)
        publish(settings, database)
        frontend.ensure_built()
        from axisor_app import server

        application = server.load_application()
        gc.freeze()
        gc.enable()
        server.serve(
            application, settings, database, lambda: print(f"Axisor is ready: {settings.url}", flush=True)
        )
    print("Axisor has stopped.", flush=True)


def _migrate(database: Database) -> None:
    from services.storage import migrations

    migrations.upgrade(database.url)


def publish(settings: Settings, database: Database) -> None:
    """Put what was decided into the environment, where the app reads it."""
    for name in Settings.model_fields:
        value = getattr(settings, name)
        if value is not None:
            text = value.get_secret_value() if isinstance(value, SecretStr) else str(value)
            os.environ[variable_of(name)] = text
    os.environ["DATABASE_URL"] = database.url
