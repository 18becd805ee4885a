"""Dialogs and notices as components: see `dialog.jsx` and `notice.jsx`."""

import reflex as rx

from components.local import PATHS, Local


class Dialog(Local):
    """A native modal; `open` decides, `on_leave` runs when the person closes it."""

    library = PATHS["dialog.jsx"]
    tag = "Dialog"

    open: rx.Var[bool]
    heading: rx.Var[str]
    tone: rx.Var[str]
    on_leave: rx.EventHandler[rx.event.no_args_event_spec]  # type: ignore[type-arg, valid-type]


class Notice(Local):
    """Shows `text` each time `number` grows; `level` is safe, info or danger."""

    library = PATHS["notice.jsx"]
    tag = "Notice"

    text: rx.Var[str]
    level: rx.Var[str]
    number: rx.Var[int]
