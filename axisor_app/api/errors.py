"""Expected failures as HTTP: the one place where an error gets a status."""

from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exception_handlers import http_exception_handler
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from starlette.exceptions import HTTPException

from services.domain.errors import AxisorError, Rejected, Unavailable, Unknown

STATUS: dict[type[AxisorError], int] = {Rejected: 400, Unavailable: 503, Unknown: 502}

_BY_CODE = {
    "credentials_wrong": 401,
    "not_signed_in": 401,
    "foreign_origin": 403,
    "account_not_found": 404,
    "position_not_found": 404,
    "automation_not_found": 404,
    "owner_exists": 409,
    "intent_exists": 409,
}


def body(code: str, message: str) -> dict[str, dict[str, str]]:
    """The shape of every error."""
    return {"error": {"code": code, "message": message}}


def status_of(error: AxisorError) -> int:
    return _BY_CODE.get(error.code, STATUS.get(type(error), 500))


def install(api: FastAPI) -> None:
    """Answer every expected failure in one shape."""

    @api.exception_handler(AxisorError)
    async def _expected(request: Request, error: AxisorError) -> JSONResponse:
        return JSONResponse(body(error.code, error.message), status_of(error))

    @api.exception_handler(RequestValidationError)
    async def _malformed(request: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"] if part != "body") or "body"
        return JSONResponse(body("malformed", f"{where[:80]}: {first['msg']}."), 422)

    @api.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> Response:
        if not _is_api(request):
            return await http_exception_handler(request, error)
        name = HTTPStatus(error.status_code)
        return JSONResponse(
            body(name.name.lower(), f"{name.phrase}."), error.status_code, headers=error.headers
        )

    @api.exception_handler(Exception)
    async def _defect(request: Request, error: Exception) -> Response:
        """The server has the traceback; whoever asked is told that it was not her fault."""
        if not _is_api(request):
            return PlainTextResponse("Internal Server Error", 500)
        return JSONResponse(body("defect", "Something went wrong in Axisor itself."), 500)


def _is_api(request: Request) -> bool:
    return request.url.path.startswith("/api/")
