"""Casework over a real store, with a clock that a test moves."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import anyio

from ground_station.case_rules import read_case_rules
from ground_station.casework.contacts import read_contacts
from ground_station.casework.desk import CaseworkDesk
from ground_station.casework.intake import IntakeDesk, Told
from ground_station.casework.items import read_items
from ground_station.casework.minder import CaseMinder
from ground_station.casework.notice_desk import NoticeDesk
from ground_station.casework.parts import CaseworkParts
from ground_station.chronicle import Chronicle
from ground_station.live import Board
from ground_station.owners import read_responsibility
from ground_station.store.engine import Store
from ground_station.store.records import Records
from ground_station.store.shelves import Shelves
from missions.register import load_register
from patrol.bus import Bus
from tests.fakes import ManualClock
from tests.ground_core import PLACE, running_store

REGISTER = load_register()  # read once, also for processes that are forked from this one


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseworkHouse:
    """Everything of casework, and the clock."""

    parts: CaseworkParts
    clock: ManualClock
    desk: CaseworkDesk
    intake: IntakeDesk
    notices: NoticeDesk
    minder: CaseMinder

    def told(self) -> list[str]:
        """The names of the events that were shown."""
        return [event["event"] for event in self.parts.board.state()["story"]]


@asynccontextmanager
async def casework_house(folder: Path) -> AsyncIterator[CaseworkHouse]:
    """Desks whose store and chronicle are alive for the length of the block."""
    async with running_store(folder) as store, casework_of(store) as house:
        yield house


@asynccontextmanager
async def casework_of(store: Store) -> AsyncIterator[CaseworkHouse]:
    """The same over a store that somebody else keeps alive."""
    clock, bus, board = ManualClock(), Bus(), Board()
    records = Records(store)
    chronicle = Chronicle(bus=bus, records=records, board=board, is_exercise=True, wall=clock)
    parts = CaseworkParts(
        records=records, files=Shelves(store), register=REGISTER,
        rules=read_case_rules(), table=read_responsibility(), items=read_items(),
        contacts=read_contacts(), board=board, chronicle=chronicle, world=clock,
        is_exercise=True,
    )  # fmt: skip
    desk = CaseworkDesk(parts)
    async with anyio.create_task_group() as group:
        group.start_soon(chronicle.run)
        yield CaseworkHouse(
            parts=parts, clock=clock, desk=desk, intake=IntakeDesk(parts, desk),
            notices=NoticeDesk(parts, desk), minder=CaseMinder(parts=parts, desk=desk),
        )  # fmt: skip
        group.cancel_scope.cancel()


def told(kind: str = "GATHERING", text: str = "很多人聚在码头") -> Told:
    """A citizen's words from a place inside the district."""
    return Told(channel="随手拍", kind=kind, text=text, place=PLACE, contact="13800001234")
