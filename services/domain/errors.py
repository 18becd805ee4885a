"""The one tree of expected failures. No HTTP, no UI: the edges translate.

AxisorError
    Rejected      the user can put it right: what is wrong, what is allowed; nothing was changed
    Unavailable   something outside does not answer now; trying later may work
    Unknown       a money action may or may not have happened: reconcile, never repeat
    Defect        a promise of our own code was broken
"""


class AxisorError(Exception):
    """Base of every failure that Axisor raises on purpose.

    Args:
        message: one sentence for a person.
        code: stable machine-readable name, as documented for the API.
    """

    code = "error"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        if code is not None:
            self.code = code


class Rejected(AxisorError):
    code = "rejected"


class Unavailable(AxisorError):
    code = "unavailable"


class Unknown(AxisorError):
    code = "unknown"


class Defect(AxisorError):
    code = "defect"
