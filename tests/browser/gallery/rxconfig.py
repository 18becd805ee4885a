"""Configuration of the component gallery; it is not part of the product."""

import reflex as rx

config = rx.Config(
    app_name="gallery",
    telemetry_enabled=False,
    show_built_with_reflex=False,
    frontend_compression_formats=["gzip"],
    plugins=[rx.plugins.TailwindV4Plugin({"plugins": []})],
    disable_plugins=[rx.plugins.SitemapPlugin],
)
