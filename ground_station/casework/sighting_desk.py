"""The registrar's desk: confirms, corrects and dismisses what the eye saw."""

from __future__ import annotations

from ground_station.casework.parts import CaseworkParts
from ground_station.casework.sightings import Given, Review, Seen, SightingEvent, review
from ground_station.store.seen import SeenSightings
from patrol.cause import Cause


class SightingDesk:
    """Every verb looks, checks, records, and only then shows."""

    def __init__(self, parts: CaseworkParts, seen: SeenSightings) -> None:
        self._parts, self.seen = parts, seen

    async def find(self, sighting_id: str) -> Seen:
        """A sighting of this space; LookupError when there is none."""
        found = await self.seen.find(sighting_id)
        if found is None or found.is_exercise != self._parts.is_exercise:
            raise LookupError(f"there is no sighting {sighting_id}")
        return found

    async def act(
        self, sighting_id: str, event: SightingEvent, cause: Cause, given: Given
    ) -> tuple[Seen, Review]:
        """One event; of two registrars at once the first is heard."""
        parts = self._parts
        if given.kind:
            parts.items.get(given.kind)
        async with parts.changing:
            now, found = parts.world.now_utc(), await self.find(sighting_id)
            word = review(found, event, cause, now, given)
            action = f"sighting.{event.value}"
            await self.seen.save(found, word, action=action, cause=cause, at_utc=now)
        fields = {"sighting": sighting_id, "state": word.state.value, "by": cause.actor}
        parts.tell(action, found.sighting.grid_code, fields)
        return found, word
