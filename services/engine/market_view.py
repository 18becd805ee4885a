"""What the automations of a market know of it: its latest price, its next funding, how fresh it is."""

from dataclasses import dataclass, field

from services.domain.automation import Agreement, Reading
from services.domain.market import Funding, Tick


@dataclass(slots=True)
class MarketView:
    """What is known of the market; `silent` while it has no price, or none that is young enough."""

    source: str
    tick: Tick | None = None
    agreement: Agreement = Agreement.SINGLE
    funding: Reading[Funding] = field(default_factory=lambda: Reading(None, None, "none"))
    silent: bool = True

    def begin(self, tick: Tick) -> None:
        """Start from a price that is known already."""
        self.tick, self.silent = tick, False
