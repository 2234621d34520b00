"""Sightings with the registrar's word on them: kept in the same row, frozen by the same log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from ground_station.alerts import CrowdAlert
from ground_station.casework.sightings import Review, Seen
from ground_station.store import tables
from ground_station.store.codec import decode, encode
from ground_station.store.engine import Store
from ground_station.store.pages import Ask, Scopes
from ground_station.store.queries import newest
from ground_station.store.rows import bodies, body_of, save, sighting_row
from patrol.cause import Cause
from patrol.sighting import Sighting


class SeenSightings:
    """Reads and writes over a store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def find(self, sighting_id: str) -> Seen | None:
        """A sighting with its review and its alert."""

        def work(connection: Connection) -> Seen | None:
            body = body_of(connection, tables.sightings, sighting_id)
            return None if body is None else _seen(connection, body, {})

        return await self._store.read(work)

    async def page(
        self, ask: Ask, *, scopes: Scopes, is_exercise: bool, sortie: str = ""
    ) -> tuple[list[Seen], str]:
        """The newest sightings of a part of the district, and the next cursor."""

        def work(connection: Connection) -> tuple[list[Seen], str]:
            page = newest(
                connection, tables.sightings, ask, sortie=sortie, scopes=scopes,
                is_exercise=is_exercise,
            )  # fmt: skip
            alerts: dict[str, list[CrowdAlert]] = {}
            return [_seen(connection, body, alerts) for body in page.items], page.next_cursor

        return await self._store.read(work)

    async def save(
        self, seen: Seen, review: Review, *, action: str, cause: Cause, at_utc: datetime
    ) -> None:
        """Keep the registrar's word; Refused when the sortie's log is closed."""

        def work(connection: Connection) -> None:
            kept = body_of(connection, tables.sightings, seen.sighting.sighting_id) or {}
            row = sighting_row(
                seen.sighting, str(kept.get("register_version", "")), is_exercise=seen.is_exercise
            )
            body = {**row.body, "review": encode(review)}
            row = replace(row, body=body, state=review.state.value)
            save(connection, row, action, cause, at_utc)

        await self._store.write(work)


def _seen(
    connection: Connection, body: Mapping[str, Any], known: dict[str, list[CrowdAlert]]
) -> Seen:
    """`known` are the alerts by sortie that were read already."""
    sighting = decode(Sighting, body["sighting"])
    if sighting.sortie not in known:
        where = tables.alerts.c.sortie == sighting.sortie
        found = bodies(connection, tables.alerts, where)
        known[sighting.sortie] = [decode(CrowdAlert, one) for one in found]
    alerts = known[sighting.sortie]
    return Seen(
        sighting=sighting,
        review=decode(Review, body["review"]) if "review" in body else None,
        alert=next((one for one in alerts if sighting.sighting_id in one.sighting_ids), None),
        is_exercise=bool(body["is_exercise"]),
    )
