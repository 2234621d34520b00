"""Keeping clearances, each with its audit row, and finding that of a sortie. They never change."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from ground_station.clearances import ClearanceRecord
from ground_station.store import tables
from ground_station.store.codec import decode, encode
from ground_station.store.engine import Store
from ground_station.store.numbers import next_record_id
from ground_station.store.rows import Saved, bodies, save
from missions.clearance import Clearance
from patrol.cause import Cause


class ClearanceShelf:
    """Typed saves and loads. What a save returns from is on the disk."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def keep(self, cleared: Clearance, *, cause: Cause, sortie: str = "") -> ClearanceRecord:
        """Number it and keep it, in one write with its audit row."""

        return await self._store.write(lambda c: keep_in(c, cleared, cause, sortie))

    async def of_plan(self, plan_id: str) -> list[ClearanceRecord]:
        """A plan's, newest first."""
        where = tables.clearances.c.plan_id == plan_id
        found = await self._store.read(
            lambda c: bodies(c, tables.clearances, where, is_newest_first=True)
        )
        return [decode(ClearanceRecord, body) for body in found]

    async def of_sorties(self, sortie_ids: Sequence[str]) -> dict[str, ClearanceRecord]:
        """What each of these was launched by; those of before there were clearances have none."""
        where = tables.clearances.c.sortie.in_([one for one in sortie_ids if one])
        found = await self._store.read(lambda c: bodies(c, tables.clearances, where))
        return {body["sortie"]: decode(ClearanceRecord, body) for body in found}


def keep_in(
    connection: Connection, cleared: Clearance, cause: Cause, sortie: str = ""
) -> ClearanceRecord:
    """Number it and keep it in the open transaction, with what it clears."""
    record = ClearanceRecord(
        clearance_id=next_record_id(connection, "CL", cleared.asked_utc),
        sortie=sortie, by=cause.actor, clearance=cleared,
    )  # fmt: skip
    save(connection, _row(record), "plan.cleared", cause, cleared.asked_utc)
    return record


def _row(record: ClearanceRecord) -> Saved:
    cleared = record.clearance
    return Saved(
        table=tables.clearances, id=record.clearance_id, sortie=record.sortie,
        grid_code=cleared.grid_code, state="CLEARED", t_utc=cleared.asked_utc,
        is_exercise=cleared.is_exercise, body=encode(record),
        extra={"plan_id": cleared.plan_id, "law_version": cleared.law_version},
    )  # fmt: skip
