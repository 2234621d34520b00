"""One line of the story of a sortie, as consoles show it and `--json` prints it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from patrol.clock import utc_text


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryEvent:
    """`name` is stable, such as `mission.uploaded`; `fields` hold JSON values only."""

    name: str
    time_utc: datetime
    sortie: str = ""
    grid: str = ""
    aircraft: str = ""  # its configured name; empty for what concerns the whole station
    fields: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The JSON line."""
        return {
            "t_utc": utc_text(self.time_utc),
            "event": self.name,
            "sortie": self.sortie,
            "grid": self.grid,
            "aircraft": self.aircraft,
            **self.fields,
        }
