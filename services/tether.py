"""Child processes that never outlive the process that started them.

Run as a script, it is the first code of the child: it drops root's rights if asked,
asks the kernel to be signalled when its parent dies, and becomes the command. It is
separate because that must happen between fork and exec, and a fresh interpreter is
the one place where doing so is safe in a program with threads. It imports only the
standard library, and as a script only what it uses, because it delays every start.
"""

import os
import sys
from collections.abc import Sequence

_PR_SET_PDEATHSIG = 1


def tethered(
    command: Sequence[str | os.PathLike[str]], signal: int, *, uid: int | None = None, gid: int = 0
) -> list[str]:
    """The command that runs `command` until this process ends.

    Start it from the main thread: on Linux the kernel watches the thread that forked,
    not the process. Elsewhere the command runs untethered, as no other kernel offers this.

    Args:
        command: program and arguments; the program is an absolute path.
        signal: what the command receives when this process dies, however it dies.
        uid: user to become first, with group `gid` and no others; needs root.
    """
    account = "-" if uid is None else f"{uid}:{gid}"
    words = [os.fspath(word) for word in command]
    return [sys.executable, "-I", "-S", __file__, str(os.getpid()), str(int(signal)), account, *words]


def _become(account: str) -> None:
    uid, gid = (int(number) for number in account.split(":"))
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)


def _main(parent: str, signal: str, account: str, *command: str) -> None:
    import ctypes  # before the change of user, who may not be able to read Python's own files

    libc = ctypes.CDLL(None)
    if account != "-":
        _become(account)
    if sys.platform.startswith("linux"):
        libc.prctl(_PR_SET_PDEATHSIG, int(signal), 0, 0, 0)  # after it, because it would untie
        if os.getppid() != int(parent):  # it died before the tie
            os._exit(1)
    os.execv(command[0], command)  # noqa: S606 - a shell is the last thing wanted here


if __name__ == "__main__":
    _main(*sys.argv[1:])
