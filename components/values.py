"""What views are given, as types.

Reflex's own types describe a value in a browser well, but not to mypy: `Var[str]` has no `== ""`
that is a Var, and a state's attribute has the type it has on the server.
"""

from typing import Any

Shown = Any
"""A value on a page: a Var of a state, a row inside a loop, a label, or a plain value."""

Do = Any
"""What happens on a click: an event handler, one with its arguments, or a list of them."""
