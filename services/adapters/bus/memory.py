"""Who wants to know that an account has changed, within one process."""

from collections.abc import Callable
from uuid import UUID

Listener = Callable[[UUID], None]


class Changes:
    """Calls every listener with the id of an account that has changed. Listeners return at once."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Start listening; the returned function ends it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def tell(self, account_id: UUID) -> None:
        for listener in list(self._listeners):
            listener(account_id)
