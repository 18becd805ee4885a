"""Who is using this tab, in which language, and where that leads.

Identity is the session cookie of the socket's handshake, looked up again for every event: a page
guard is only a courtesy, as anybody can send any event. The cookie's value is already a hash here.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Any
from uuid import UUID

import reflex as rx
import structlog
from reflex.event import EventSpec

from services import wiring
from services.accounts.people import Person
from services.catalogue import LANGUAGE_COOKIE, N_, normalise, translate
from services.domain.errors import AxisorError, Defect
from services.wiring import Axisor

_log = structlog.get_logger()

COOKIE_NAMES = ("__Host-axisor_session", "axisor_session")
"""As the API sets them; the first can only have come over https."""

PROTECT, START, SIGN_IN = "/", "/start/", "/sign-in/"

handler: Callable[..., Any] = rx.event
"""`rx.event` under a type that mypy can follow: it marks the methods that a browser may call."""

_DEFECT = N_("Something went wrong in Axisor itself. It has been recorded; nothing was changed.")


@dataclass(frozen=True, slots=True)
class Caller:
    """The person behind an event, and what her use cases are called on."""

    user_id: UUID
    name: str
    language: str
    axisor: Axisor


def cookies(state: rx.State) -> dict[str, str]:
    """The cookies of the handshake."""
    try:
        parsed = SimpleCookie(state.router.headers.cookie)
    except CookieError:
        return {}
    return {name: morsel.value for name, morsel in parsed.items()}


async def person_of(state: rx.State) -> Person | None:
    """Whose session this tab has; None when nobody is signed in."""
    sent = cookies(state)
    hashed = next((sent[name] for name in COOKIE_NAMES if sent.get(name)), None)
    return await wiring.current().sessions.resolve(hashed) if hashed else None


async def language_of(state: rx.State) -> str:
    """The language chosen in this tab, else the one of the cookie."""
    session = await state.get_state(SessionState)
    return session._language or normalise(cookies(state).get(LANGUAGE_COOKIE))


async def caller_of(state: rx.State) -> Caller | None:
    """Who sent the event; None when that is nobody who may."""
    person = await person_of(state)
    if person is None:
        return None
    return Caller(person.id, person.name, await language_of(state), wiring.current())


async def sentence_for(state: rx.State, error: Exception) -> str:
    """What a person is told about a failure; an unexpected one is recorded first."""
    if isinstance(error, AxisorError) and not isinstance(error, Defect):
        return error.message
    _log.error("event.failed", exc_info=error)
    return translate(await language_of(state), _DEFECT)


@asynccontextmanager
async def reported(state: "Asking") -> AsyncIterator[None]:
    """What fails inside is put into `state.problem` as a sentence, and ends there; success clears it."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - the outermost edge of an event: the person is told
        state.problem = await sentence_for(state, error)
    else:
        state.problem = ""


class Asking(rx.State, mixin=True):
    """A state with a form or a question: it has one sentence for what is wrong."""

    problem: str = ""


class SessionState(rx.State):
    """Loaded first on every page; sends people to where they can go on."""

    name: str = ""

    _language: str = ""

    @handler
    async def enter_protect(self) -> EventSpec | None:
        """Protect is for those who are signed in and have an account."""
        place = await self._place()
        return None if place == PROTECT else rx.redirect(place)

    @handler
    async def enter_start(self) -> EventSpec | None:
        """The first steps; over once there is something on Protect."""
        place = await self._place()
        return rx.redirect(place) if place == SIGN_IN else None

    @handler
    async def enter_sign_in(self) -> EventSpec | None:
        """Only for those who are not signed in."""
        place = await self._place()
        return None if place == SIGN_IN else rx.redirect(place)

    @handler
    async def choose_language(self, tag: str) -> None:
        """Sentences of the server follow the language of the page."""
        if isinstance(tag, str):
            self._language = normalise(tag)

    async def _place(self) -> str:
        """Where whoever has this tab belongs."""
        person = await person_of(self)
        self.name = person.name if person else ""
        if person is None:
            return START if await wiring.current().people.needs_owner() else SIGN_IN
        accounts = await wiring.current().accounts.of(person.id)
        return PROTECT if accounts else START
