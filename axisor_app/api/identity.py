"""Who is asking: the session behind the cookie, and whether the request comes from our own pages.

The cookie's token never gets this far: the outermost middleware has replaced it by its hash.
"""

from http.cookies import CookieError, SimpleCookie
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends
from starlette.requests import HTTPConnection

from services import wiring
from services.accounts.people import Person
from services.domain.errors import Rejected

PLAIN_COOKIE = "axisor_session"
SECURE_COOKIE = "__Host-axisor_session"
"""With the prefix, a browser takes the cookie only over https, for this host and the whole site."""


def cookie_name(secure: bool) -> str:
    return SECURE_COOKIE if secure else PLAIN_COOKIE


def session_hash(cookie_header: str) -> str | None:
    """The session's hash in a `Cookie` header that the middleware has passed on."""
    try:
        cookies = SimpleCookie(cookie_header)
    except CookieError:
        return None
    found = cookies.get(SECURE_COOKIE) or cookies.get(PLAIN_COOKIE)
    return found.value if found else None


async def person_of(connection: HTTPConnection) -> Person | None:
    """Whoever is signed in on this connection."""
    hashed = session_hash(connection.headers.get("cookie", ""))
    return await wiring.current().sessions.resolve(hashed) if hashed else None


async def signed_in(connection: HTTPConnection) -> Person:
    """Raises `Rejected` when nobody is signed in."""
    person = await person_of(connection)
    if person is None:
        raise Rejected("Sign in first.", code="not_signed_in")
    return person


def own_origin(connection: HTTPConnection) -> bool:
    """Whether the page that asks is ours; a client that is no browser sends no origin."""
    origin = connection.headers.get("origin")
    if origin is None:
        return connection.headers.get("sec-fetch-site", "none") in ("none", "same-origin")
    try:
        same_host = urlsplit(origin).netloc == connection.headers.get("host")
    except ValueError:
        return False
    return same_host or origin in wiring.current().settings.origins


async def from_our_pages(connection: HTTPConnection) -> None:
    """For every request that changes something on the strength of a cookie."""
    if not own_origin(connection):
        raise Rejected("This request does not come from Axisor's own pages.", code="foreign_origin")


SignedIn = Annotated[Person, Depends(signed_in)]
