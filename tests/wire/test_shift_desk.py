"""A squad's shift over a real store: one at a time, one log, and what was seen of late."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from ground_station.shifts.desk import ShiftDesk
from ground_station.shifts.shift import ShiftEvent, ShiftState
from ground_station.sorties import SortieState
from ground_station.store.chain import verify
from ground_station.store.clearances import ClearanceShelf
from ground_station.store.codec import canonical_json, sha256_text
from ground_station.store.engine import Store
from ground_station.store.records import Records
from ground_station.store.shelves import Shelves
from missions.register import load_register
from patrol.errors import ConfigError, Refused
from tests.fakes import ManualClock
from tests.ground_core import (
    GRID,
    LEADER,
    MORNING,
    PILOT,
    REGISTRAR,
    SORTIE,
    a_sortie,
    later,
    running_store,
)

pytestmark = pytest.mark.anyio
SHIFT = "SH-20261124-0001"


class _Clock(ManualClock):
    """World time from the morning of the records."""

    def now_utc(self) -> datetime:
        return later(self.now_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    desk: ShiftDesk
    records: Records
    store: Store
    clock: _Clock
    flying: list[bool]


@asynccontextmanager
async def shift_house(folder: Path) -> AsyncIterator[House]:
    async with running_store(folder) as store:
        records, clock, flying = Records(store), _Clock(), [False]
        desk = ShiftDesk(
            records=records, shelves=Shelves(store), register=load_register(), world=clock,
            is_exercise=True, is_flying=lambda: flying[0],
            clearances=ClearanceShelf(store),
        )  # fmt: skip
        yield House(desk=desk, records=records, store=store, clock=clock, flying=flying)


async def landed(house: House, *, index: int = 4, total: int = 4) -> None:
    sortie = replace(
        a_sortie(SortieState.LANDED), takeoff_utc=later(10), landed_utc=later(400),
        waypoint_index=index, waypoint_total=total,
    )  # fmt: skip
    await house.records.save_sortie(sortie, cause=PILOT, at_utc=later(400), action="sortie.landed")


async def signed(house: House) -> None:
    await house.desk.sign_in(SHIFT, REGISTRAR)
    for cause in (PILOT, REGISTRAR):
        await house.desk.sign(SHIFT, cause)


async def test_a_shift_is_one_log_with_what_was_visited_and_what_was_not(tmp_path: Path) -> None:
    async with shift_house(tmp_path) as house:
        await house.desk.open("一队", PILOT)
        with pytest.raises(Refused, match="is open"):
            await house.desk.open("二队", LEADER)
        other = load_register().grids[0].code
        await house.desk.plan(SHIFT, [GRID, other], LEADER)
        await house.desk.remark(SHIFT, ShiftEvent.WEATHER, "晴，东风3级", PILOT)
        await landed(house)
        house.clock.now_s = 600.0
        await signed(house)
        with pytest.raises(Refused, match=f"logs of {SORTIE} are open"):
            await house.desk.close(SHIFT, REGISTRAR)
        closed_sortie = replace(
            a_sortie(SortieState.CLOSED), takeoff_utc=later(10), landed_utc=later(400),
            waypoint_index=4, waypoint_total=4,
        )  # fmt: skip
        await house.records.save_sortie(
            closed_sortie, cause=REGISTRAR, at_utc=later(500), action="x"
        )
        shift, log = await house.desk.close(SHIFT, REGISTRAR)
        assert (log["visited_grids"], log["unvisited_grids"]) == ([GRID], [other])
        body = {key: value for key, value in log.items() if key != "sha256"}
        assert log["sha256"] == sha256_text(canonical_json(body))
        assert await house.desk.open_ones() == []
        for statement in ("UPDATE shifts SET body_json = '{}'", "DELETE FROM shifts"):
            with pytest.raises(Refused, match="closed"):
                await house.store.write(lambda c, sql=statement: c.execute(text(sql)))  # type: ignore[misc]
        assert shift.state is ShiftState.CLOSED
    assert verify(tmp_path / "gridpatrol.db").is_intact


async def test_the_pilot_hands_over_while_the_aircraft_flies(tmp_path: Path) -> None:
    async with shift_house(tmp_path) as house:
        await house.desk.open("一队", PILOT)
        house.flying[0] = True
        with pytest.raises(Refused, match="in the air"):
            await house.desk.sign_out(SHIFT, PILOT)
        handed = await house.desk.hand_over(SHIFT, "Tan", PILOT)
        assert [duty.person for duty in handed.duties] == ["Huang", "Tan"]


async def test_a_grid_seen_forty_minutes_ago_is_told_before_it_is_flown_again(
    tmp_path: Path,
) -> None:
    async with shift_house(tmp_path) as house:
        assert await house.desk.recently(GRID) is None
        await landed(house, index=3)
        house.clock.now_s = 400 + 40 * 60
        checked = await house.desk.recently(GRID)
        assert checked is not None
        assert (checked.sortie_id, checked.minutes_ago, checked.is_whole) == (SORTIE, 40.0, False)
        house.clock.now_s = 400 + 121 * 60
        assert await house.desk.recently(GRID) is None


async def test_an_unknown_grid_and_no_open_shift_are_said(tmp_path: Path) -> None:
    async with shift_house(tmp_path) as house:
        with pytest.raises(LookupError, match=f"there is no shift {SHIFT}"):
            await house.desk.sign_in(SHIFT, PILOT)
        await house.desk.open("一队", PILOT)
        with pytest.raises(ConfigError, match="no grid"):
            await house.desk.plan(SHIFT, ["nowhere"], LEADER)
        (shift,) = await house.desk.open_ones()
        assert shift.opened_utc == MORNING
