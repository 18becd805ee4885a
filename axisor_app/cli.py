"""The `axisor` command: one verb per file in `axisor_app/commands`.

A verb is imported when it is used, because most of them need what the others must not
wait for.
"""

import contextlib
import importlib
import logging
import os
import signal
import sys
from collections.abc import Callable, Sequence
from types import FrameType
from typing import NoReturn

import click

from services.domain.errors import AxisorError

VERBS = {
    "up": "Start Axisor: database, frontend, app, on one port.",
    "doctor": "Say what is installed, reachable and missing, with remedies.",
    "replay": "Run a guarded position through real price history.",
    "test": "Run all tests, with what they need.",
    "check": "Check format, style, types and import rules.",
    "bench": "Measure what has a target.",
    "docs": "Write the generated parts of the documentation.",
    "lock": "Pin the newest allowed versions of all packages.",
}


class Verbs(click.Group):
    """Finds a verb's command in the module of its name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        command = importlib.import_module(f"axisor_app.commands.{cmd_name}").command
        assert isinstance(command, click.Command)  # noqa: S101 - for the type checker
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Verbs"):
            formatter.write_dl(list(VERBS.items()))


@click.command(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]}, no_args_is_help=False)
def cli() -> None:
    """Axisor: trading automation for LN Markets.

    Without a verb, this help. Each verb explains itself: ./axisor up --help
    """


def _interrupt(number: int, frame: FrameType | None) -> None:
    """Treat a polite request to end like Ctrl-C, so that everything started is stopped."""
    raise KeyboardInterrupt


def main(arguments: Sequence[str]) -> int:
    """Run one verb, or show the help when there is none; see `ended`."""
    words = list(arguments) or ["--help"]
    return ended(lambda: cli.main(words, prog_name="./axisor", standalone_mode=False))


def ended(action: Callable[[], object]) -> int:
    """Run an action to its end; what went wrong becomes one sentence and an exit code.

    Returns:
        The action's own code, 0 if it has none; 1 refused or failed, 2 not understood,
        130 stopped by the user.
    """
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        code = action()
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except AxisorError as error:
        print(f"axisor: {error.message}", file=sys.stderr)
        return 1
    except (KeyboardInterrupt, click.Abort):
        print("axisor: stopped.", file=sys.stderr)
        return 130
    return code if isinstance(code, int) else 0


def leave(code: int) -> NoReturn:
    """End the process with an exit code, without taking the interpreter apart first.

    The server's native threads live until the very end, and those that still want to enter
    Python while it is taken apart abort the process. All that matters is done by now.
    """
    logging.shutdown()
    with contextlib.suppress(BrokenPipeError):  # whoever read us has had enough
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    leave(main(sys.argv[1:]))
