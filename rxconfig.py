"""What Reflex needs to know, derived from the settings.

Reflex reads this file again whenever it makes an app, and it may not import the app.
Nothing here reaches the built frontend, which therefore serves any host and port.
"""

import reflex as rx
from reflex_base.constants import StateManagerMode

from axisor_app.frontend_plugin import PortableFrontend
from services.settings import load_settings

_settings = load_settings()

config = rx.Config(
    app_name="axisor_app",
    cors_allowed_origins=list(_settings.origins),
    default_color_mode="system",
    frontend_compression_formats=["brotli", "gzip"],
    plugins=[rx.plugins.TailwindV4Plugin(), PortableFrontend()],
    disable_plugins=[rx.plugins.SitemapPlugin],
    show_built_with_reflex=False,
    state_manager_mode=StateManagerMode.MEMORY,  # one process; what must last is in the database
    telemetry_enabled=False,
)
