"""The squad's verbs on its shift; one log a shift, closed for good when both have signed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import anyio

from ground_station.clearances import ClearanceRecord, log_entry
from ground_station.people.scopes import DISTRICT, covers
from ground_station.shifts import shift as shifts
from ground_station.shifts.shift import Shift, ShiftEvent, ShiftState
from ground_station.store.clearances import ClearanceShelf
from ground_station.store.codec import canonical_json, encode, sha256_text
from ground_station.store.pages import WHOLE_DISTRICT, Ask, Scopes
from ground_station.store.records import Records
from ground_station.store.shelves import Shelves
from missions.register import Register
from patrol.cause import Cause
from patrol.clock import WorldClock
from patrol.errors import Refused

RECENTLY = timedelta(hours=2)  # a default of ours; "still needed?" is asked within it


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """When a grid was last seen, and what of it: told before it is flown again (DOMAIN S-32)."""

    grid_code: str
    sortie_id: str
    landed_utc: datetime
    minutes_ago: float
    is_whole: bool  # the route was flown to its end
    alerts: int
    cases: tuple[str, ...]
    people: float | None  # of the largest crowd; None: no crowd was counted
    outcomes: tuple[str, ...]


def _every_grid(_: str) -> bool:
    return True


class ShiftDesk:
    """Every verb loads, checks, records and gives back the shift as it is now."""

    def __init__(
        self,
        *,
        records: Records,
        shelves: Shelves,
        register: Register,
        world: WorldClock,
        is_exercise: bool,
        is_flying: Callable[[], bool],
        clearances: ClearanceShelf,
    ) -> None:
        self._records, self._shelves, self._clearances = records, shelves, clearances
        self._register, self._world = register, world
        self._is_exercise, self._is_flying = is_exercise, is_flying
        self._changing = anyio.Lock()

    async def open_ones(self) -> list[Shift]:
        """The open shifts of this space (exercise or live), each of a part of its own."""
        return await self._shelves.in_states(
            Shift, (ShiftState.OPEN.value,), is_exercise=self._is_exercise
        )

    async def open(self, squad: str, cause: Cause, scope: str = DISTRICT) -> Shift:
        """A new shift for a part of the district; Refused while one is open there."""
        async with self._changing:
            for open_one in await self.open_ones():
                if open_one.meets(scope):
                    raise Refused(
                        f"shift {open_one.shift_id} is open: close it or sign in to it",
                        text_zh=f"班次{open_one.shift_id}尚未结束：请先结束该班次，或登记上岗",
                    )
            now = self._world.now_utc()
            made = shifts.open_shift(
                shift_id=await self._shelves.next_id(Shift, now),
                squad=squad,
                cause=cause,
                at_utc=now,
                is_exercise=self._is_exercise,
                scope=scope,
            )
            return await self._keep(made, "shift.opened", cause)

    async def sign_in(self, shift_id: str, cause: Cause) -> Shift:
        """Take a free role."""
        return await self._change(
            shift_id, ShiftEvent.SIGN_IN, cause,
            lambda shift, now: shifts.sign_in(shift, cause, now),
        )  # fmt: skip

    async def hand_over(self, shift_id: str, to: str, cause: Cause) -> Shift:
        """Give one's role to another; the aircraft flies on."""
        return await self._change(
            shift_id, ShiftEvent.HAND_OVER, cause,
            lambda shift, now: shifts.hand_over(shift, to, cause, now),
        )  # fmt: skip

    async def sign_out(self, shift_id: str, cause: Cause) -> Shift:
        """Leave one's role."""
        is_flying = self._is_flying()
        return await self._change(
            shift_id, ShiftEvent.SIGN_OUT, cause,
            lambda shift, now: shifts.sign_out(shift, cause, now, is_flying=is_flying),
        )  # fmt: skip

    async def plan(
        self,
        shift_id: str,
        grids: list[str],
        cause: Cause,
        *,
        is_own: Callable[[str], bool] = _every_grid,
    ) -> Shift:
        """What the shift means to visit of the planner's own part; the rest stays planned.

        ConfigError names a grid that is not in the register.
        """
        codes = tuple(self._register.get(grid).code for grid in grids)

        def planned(shift: Shift, _: datetime) -> Shift:
            others = tuple(code for code in shift.planned_grids if not is_own(code))
            return shifts.plan_grids(shift, (*others, *codes), cause)

        return await self._change(shift_id, ShiftEvent.PLAN, cause, planned)

    async def remark(self, shift_id: str, kind: ShiftEvent, text: str, cause: Cause) -> Shift:
        """Weather, or a line of the log."""
        return await self._change(
            shift_id, kind, cause, lambda shift, now: shifts.remark(shift, kind, text, cause, now)
        )

    async def sign(self, shift_id: str, cause: Cause) -> Shift:
        """A name under the log as it stands, with every sortie that was flown by now."""
        async with self._changing:
            shift, now = await self._shelves.get(Shift, shift_id), self._world.now_utc()
            shift = shifts.with_sorties(shift, await self._sortie_ids(shift, now))
            return await self._keep(shifts.sign(shift, cause, now), "shift.sign", cause)

    async def close(self, shift_id: str, cause: Cause) -> tuple[Shift, dict[str, Any]]:
        """Close for good; the log and its hash are in the audit row."""
        async with self._changing:
            shift, now = await self._shelves.get(Shift, shift_id), self._world.now_utc()
            # One that was flown since the signatures takes them away: they do not speak of it.
            shift = shifts.with_sorties(shift, await self._sortie_ids(shift, now))
            still_open = [
                sortie.sortie_id
                for sortie in await self._records.open_sorties()
                if sortie.sortie_id in shift.sortie_ids
            ]
            closed = shifts.close(shift, cause, now, tuple(still_open))
            # The log first: a station that is killed in between closes the shift again.
            log = await self.log(closed)
            await self._records.note(
                "shift.log", closed.shift_id, log, cause=cause, at_utc=now,
                is_exercise=closed.is_exercise, scope=closed.scope,
            )  # fmt: skip
            await self._keep(closed, "shift.closed", cause)
        return closed, log

    async def page(self, ask: Ask, *, scopes: Scopes = WHOLE_DISTRICT) -> tuple[list[Shift], str]:
        """The newest shifts that serve a part of `scopes` or all of it, and the next cursor."""
        return await self._shelves.page(Shift, ask, is_exercise=self._is_exercise, scopes=scopes)

    async def log(self, shift: Shift) -> dict[str, Any]:
        """What was planned, visited and not, by whom; with a hash over all of it."""
        ids = shift.sortie_ids
        if shift.state is ShiftState.OPEN:
            ids = await self._sortie_ids(shift, self._world.now_utc())
        sorties = await self._records.sorties(ids)
        cleared = await self._clearances.of_sorties(ids)
        flown = [one for one in sorties if one.takeoff_utc is not None]
        visited = {one.grid_code for one in flown if one.is_flown_to_its_end}
        planned = shift.planned_grids or tuple(sorted(visited))
        body: dict[str, Any] = _told(shift) | {
            "visited_grids": sorted(visited),
            "unvisited_grids": [code for code in planned if code not in visited],
            "sorties": [
                {
                    "id": one.sortie_id,
                    "grid": one.grid_code,
                    "register_version": one.register_version,
                    "state": one.state.value,
                    "wind": encode(one.wind) if one.wind else None,
                    # The hashes of logs from before there were clearances stay as they are.
                    **_cleared(cleared.get(one.sortie_id)),
                }
                for one in sorties
            ],
        }
        return body | {"sha256": sha256_text(canonical_json(body))}

    async def recently(self, grid_code: str) -> Checked | None:
        """The last landed sortie over a grid within the time in which it need not be repeated."""
        now = self._world.now_utc()
        last = await self._records.last_flown(grid_code, since_utc=now - RECENTLY)
        if last is None or last.landed_utc is None or last.is_exercise != self._is_exercise:
            return None
        alerts = await self._records.alerts(last.sortie_id)
        return Checked(
            grid_code=grid_code,
            sortie_id=last.sortie_id,
            landed_utc=last.landed_utc,
            minutes_ago=(now - last.landed_utc).total_seconds() / 60.0,
            is_whole=last.is_whole,
            alerts=len(alerts),
            cases=tuple(alert.case_no for alert in alerts if alert.case_no),
            people=max((a.count.estimate for a in alerts if a.count.is_valid), default=None),
            outcomes=tuple(a.outcome.value for a in alerts if a.outcome is not None),
        )

    async def _sortie_ids(self, shift: Shift, now: datetime) -> tuple[str, ...]:
        """What was launched while the shift was open: nobody has to write it down (S-32)."""
        found = await self._shelves.sorties_between(
            shift.opened_utc, shift.closed_utc or now, is_exercise=shift.is_exercise
        )
        return tuple(one.sortie_id for one in found if covers(shift.scope, one.grid_code))

    async def _change(
        self,
        shift_id: str,
        event: ShiftEvent,
        cause: Cause,
        work: Callable[[Shift, datetime], Shift],
    ) -> Shift:
        async with self._changing:
            moved = work(await self._shelves.get(Shift, shift_id), self._world.now_utc())
            return await self._keep(moved, f"shift.{event.value}", cause)

    async def _keep(self, shift: Shift, action: str, cause: Cause) -> Shift:
        now = self._world.now_utc()
        await self._shelves.save(shift, action=action, cause=cause, at_utc=now)
        return shift


def _cleared(record: ClearanceRecord | None) -> dict[str, Any]:
    return {} if record is None else {"clearance": log_entry(record)}


def _told(shift: Shift) -> dict[str, Any]:
    """A shift as its log tells it.

    One of the whole district does not say so: the hashes of logs that were closed before shifts
    had a part would otherwise fit no more.
    """
    body: dict[str, Any] = encode(shift)
    return body if shift.scope != DISTRICT else {k: v for k, v in body.items() if k != "scope"}
