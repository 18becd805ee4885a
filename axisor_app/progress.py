"""Steps of a longer task on the terminal: what is done now, and for how many seconds.

On a terminal the line of the running step counts; elsewhere each step is one line, written
when it is over.
"""

import sys
import time
from typing import TextIO


class Steps:
    """A sequence of steps under one title; a step ends where the next begins.

    Args:
        title: what all the steps do together, such as "Building the frontend".
        stream: where to write.
    """

    def __init__(self, title: str, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._live = self._stream.isatty()
        self._step: str | None = None
        self._started = time.monotonic()
        self._stream.write(f"{title}\n")
        self._stream.flush()

    def begin(self, step: str) -> None:
        """End the running step, if any, and begin this one."""
        self.end()
        self._step, self._started = step, time.monotonic()
        self.tick()

    def tick(self) -> None:
        """Show the seconds of the running step; call it about once per second."""
        if self._live and self._step is not None:
            self._stream.write(f"\r  {self._line()}")
            self._stream.flush()

    def end(self) -> None:
        """End the running step."""
        if self._step is not None:
            self._stream.write(f"{chr(13) if self._live else ''}  {self._line()}\n")
            self._stream.flush()
            self._step = None

    def _line(self) -> str:
        return f"{self._step} ... {time.monotonic() - self._started:.0f} s"
