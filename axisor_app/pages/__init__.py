"""Every page with its route, and what they have in common."""

from typing import Any

from axisor_app.pages import missing, protect, sign_in, start
from components import build, theme
from components.boot import head, safety_net
from state.protect import ProtectState
from state.session import SessionState
from state.start import StartState

build.generate()

PAGES: tuple[dict[str, Any], ...] = (
    {
        "component": protect.page,
        "route": "/",
        "title": "Axisor",
        "description": "Your leveraged bitcoin positions, and what protects them.",
        "on_load": [SessionState.enter_protect, ProtectState.refresh],
    },
    {
        "component": start.page,
        "route": "/start",
        "title": "Start · Axisor",
        "description": "From nothing to a guarded position.",
        "on_load": [SessionState.enter_start, StartState.load],
    },
    {
        "component": sign_in.page,
        "route": "/sign-in",
        "title": "Sign in · Axisor",
        "description": "Sign in to Axisor.",
        "on_load": SessionState.enter_sign_in,
    },
    {
        "component": missing.page,
        "route": "/404",
        "title": "Not found · Axisor",
        "description": "There is no such page.",
    },
)

LOOK: dict[str, Any] = {
    "stylesheets": [theme.STYLESHEET],
    "head_components": head(),
    "html_lang": "en",
    "toaster": None,
    "app_wraps": {(55, "ErrorBoundary"): lambda stateful: safety_net()},
}
"""What `rx.App` takes for all pages; without Reflex's own toasts and connection banners."""

__all__ = ["LOOK", "PAGES"]
