"""What is noted while an observation goes on, so that a station that starts again goes on with it.

The looks themselves are nowhere: what they counted before the words and at each asked moment is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ground_station.crowd_parts import CrowdParts
from ground_station.event_fields import count_or_none
from ground_station.store.codec import decode, encode
from patrol.cause import by_system
from patrol.sighting import Count, poisson_count
from vision.effect import Sample

OBSERVER = by_system("effect-meter")
_BEGUN = "observation.begun"


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """How an observation began."""

    started_utc: datetime  # of the words; of none: since when nobody spoke
    finished_utc: datetime
    before: Count | None
    longest_s: float
    since: str = "the words"


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """An observation as far as it had come."""

    begun: Begun
    samples: tuple[Sample, ...]


def look_fields(sample: Sample) -> dict[str, Any]:
    """One of the asked moments, as it is told and kept."""
    return {
        "dt_s": sample.dt_s,
        "count": count_or_none(sample.count),
        "is_observed": sample.is_observed,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservationNotes:
    """Written to the audit, and read back from there. `look` names the rows of the moments."""

    parts: CrowdParts
    look: str

    async def begin(self, name: str, begun: Begun) -> None:
        """Keep the count before: nobody can take it again."""
        await self._note(_BEGUN, name, encode(begun))

    async def add(self, name: str, fields: Mapping[str, Any]) -> None:
        """Keep what one of the asked moments showed."""
        await self._note(self.look, name, fields)

    async def read(self, name: str) -> Noted | None:
        """None for one that never began."""
        begun: Begun | None = None
        samples: list[Sample] = []
        for action, body in await self.parts.records.notes(name, _BEGUN, self.look):
            if action == _BEGUN:
                begun, samples = decode(Begun, body), []  # begun anew: what was before is another's
            else:
                samples.append(_sample(body))
        return None if begun is None else Noted(begun=begun, samples=tuple(samples))

    async def _note(self, action: str, name: str, body: Mapping[str, Any]) -> None:
        await self.parts.records.note(
            action,
            name,
            body,
            cause=OBSERVER,
            at_utc=self.parts.world.now_utc(),
            is_exercise=self.parts.is_exercise,
        )


def _sample(body: Mapping[str, Any]) -> Sample:
    """A tenth of a person is as fine as a median of whole people: its bounds come out the same."""
    count = poisson_count(float(body["count"]["estimate"])) if body["is_observed"] else None
    return Sample(dt_s=float(body["dt_s"]), count=count, is_observed=count is not None)
