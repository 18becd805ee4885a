"""What happens by the clock: name, seconds between two runs, coroutine. The scheduler only ticks."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from services.wiring import Axisor


@dataclass(frozen=True, slots=True)
class Job:
    name: str
    every_s: float
    run: Callable[[Axisor], Awaitable[None]]


JOBS = (
    Job("pass time", 1, lambda axisor: axisor.markets.pass_time()),
    Job("look around the market", 60, lambda axisor: axisor.markets.look_around()),
    Job("forget expired sessions", 3600, lambda axisor: axisor.sessions.forget_expired()),
)
