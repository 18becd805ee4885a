"""The API beside the pages: REST under `/api/v1`, the stream at `/ws/v1`, health at `/healthz`."""

from fastapi import APIRouter, FastAPI
from fastapi.responses import PlainTextResponse

from axisor_app.api import auth, errors, market, stream


def create() -> FastAPI:
    """A new application; it reaches the running product through `services.wiring.current()`."""
    api = FastAPI(
        title="Axisor",
        version="1",
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
    )
    errors.install(api)
    v1 = APIRouter(prefix="/api/v1")
    v1.include_router(auth.router)
    v1.include_router(market.router)
    api.include_router(v1)
    api.add_api_route("/healthz", health, include_in_schema=False, response_class=PlainTextResponse)
    api.add_api_websocket_route("/ws/v1", stream.stream)
    return api


async def health() -> str:
    """The process answers. No details: anybody may ask."""
    return "ok"
