"""The Reflex app: pages, the API mounted beside them, and what runs as long as the server."""

import reflex as rx

from axisor_app.api import application
from axisor_app.lifespan import engine
from axisor_app.middleware import Hardened
from axisor_app.pages import LOOK, PAGES

app = rx.App(api_transformer=[application.create(), Hardened], **LOOK)
app.register_lifespan_task(engine)
for page in PAGES:
    app.add_page(**page)
