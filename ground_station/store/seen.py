"""Sightings with the registrar's word on them: kept in the same row, frozen by the same log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
            return None if body is None else _seen(connection, [body])[0]

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
            return _seen(connection, page.items), page.next_cursor

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


def _seen(connection: Connection, found: Sequence[Mapping[str, Any]]) -> list[Seen]:
    sightings = [decode(Sighting, body["sighting"]) for body in found]
    alerts = _alerts_of(connection, sightings)
    return [
        Seen(
            sighting=sighting,
            review=decode(Review, body["review"]) if "review" in body else None,
            alert=alerts.get(sighting.sighting_id),
            is_exercise=bool(body["is_exercise"]),
        )
        for sighting, body in zip(sightings, found, strict=True)
    ]


def _alerts_of(connection: Connection, sightings: Sequence[Sighting]) -> dict[str, CrowdAlert]:
    """By sighting the oldest alert of its sortie that it belongs to; one statement for a page."""
    wanted = {one.sighting_id: one.sortie for one in sightings}
    where = tables.alerts.c.sortie.in_(set(wanted.values()))
    found: dict[str, CrowdAlert] = {}
    for body in bodies(connection, tables.alerts, where):
        for sighting_id in body["sighting_ids"]:
            is_first = sighting_id not in found
            if is_first and wanted.get(sighting_id) == body["sortie"]:
                found[sighting_id] = decode(CrowdAlert, body)
    return found
