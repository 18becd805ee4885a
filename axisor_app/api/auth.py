"""Signing in and out. Credentials come here by REST, never as events."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field

from axisor_app.api.identity import cookie_name, from_our_pages, session_hash
from services import wiring
from services.accounts.people import Person
from services.accounts.sessions import LIFETIME
from services.wiring import Axisor

router = APIRouter(tags=["auth"])


class Credentials(BaseModel):
    name: Annotated[str, Field(max_length=1024)]
    password: Annotated[str, Field(max_length=4096)]


class Done(BaseModel):
    ok: bool = True


class Setup(BaseModel):
    needs_owner: bool


@router.get("/setup")
async def setup_state() -> Setup:
    """Whether this instance waits for its owner."""
    return Setup(needs_owner=await wiring.current().people.needs_owner())


@router.post("/auth/setup", dependencies=[Depends(from_our_pages)])
async def create_owner(credentials: Credentials, response: Response) -> Done:
    """Create the owner and sign her in; possible once."""
    axisor = wiring.current()
    person = await axisor.people.create_owner(credentials.name, credentials.password)
    return await _sign_in(axisor, person, response)


@router.post("/auth/sign-in", dependencies=[Depends(from_our_pages)])
async def sign_in(credentials: Credentials, response: Response) -> Done:
    axisor = wiring.current()
    person = await axisor.people.recognise(credentials.name, credentials.password)
    return await _sign_in(axisor, person, response)


@router.post("/auth/sign-out", dependencies=[Depends(from_our_pages)])
async def sign_out(request: Request, response: Response) -> Done:
    """End this browser's session; nothing happens when there is none."""
    axisor = wiring.current()
    hashed = session_hash(request.headers.get("cookie", ""))
    if hashed:
        await axisor.sessions.end(hashed)
    secure = axisor.settings.cookies_secure
    response.delete_cookie(cookie_name(secure), secure=secure, httponly=True, samesite="lax")
    return Done()


async def _sign_in(axisor: Axisor, person: Person, response: Response) -> Done:
    secure = axisor.settings.cookies_secure
    response.set_cookie(
        cookie_name(secure),
        await axisor.sessions.open(person.id),
        max_age=int(LIFETIME.total_seconds()),
        path="/",
        secure=secure,
        httponly=True,
        samesite="lax",
    )
    return Done()
