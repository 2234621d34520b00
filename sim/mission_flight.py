"""Flying a mission: items that are done at once, items that are flown to, and what comes after."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from patrol.geo import Enu, LocalFrame
from sim.flight_model import FlightModel, Target
from sim.manoeuvres import here
from sim.mission import (
    CHANGE_SPEED,
    DELAY,
    GIMBAL,
    LAND_HERE,
    LOITER,
    LOITER_TIME,
    RETURN,
    ROI,
    ROI_NONE,
    TAKE_OFF,
    WAYPOINT,
    YAW_LOCK_FLAG,
    Item,
    MissionState,
)
from sim.parameters import Parameters

_FLOWN = (WAYPOINT, TAKE_OFF, LOITER, LOITER_TIME)
_LEAVES_MISSION = (RETURN, LAND_HERE)
_HEIGHT_THERE_M = 1.0


class Deeds(Protocol):
    """What a mission asks of the rest of the autopilot."""

    def change_speed(self, speed_m_s: float) -> None:
        """Fly so fast from now on."""
        ...

    def aim_gimbal(self, pitch_deg: float, yaw_deg: float, *, is_locked: bool) -> None:
        """Set the gimbal."""
        ...

    def look_at(self, place: Enu | None) -> None:
        """Keep the camera on a place; None: no longer."""
        ...

    def leave_mission(self, item: Item) -> None:
        """Return or land, because this item says so."""
        ...


@dataclass(slots=True, kw_only=True)
class MissionFlight:
    """Flies `state` from its current item; done after the last."""

    model: FlightModel
    parameters: Parameters
    state: MissionState
    frame: LocalFrame
    deeds: Deeds
    reached: Callable[[int], None]
    _aimed_at: int = -1
    _waited_s: float = 0.0
    _is_lifting: bool = False

    def __post_init__(self) -> None:
        """From the ground it rises straight up before it goes anywhere, as PX4 does."""
        self.state.is_over = False
        self._is_lifting = self.model.is_on_ground

    def step(self, duration_s: float) -> bool:
        """Go on; True once the last item is done."""
        if self._aimed_at != self.state.current:
            self._aim()  # at the start, or because somebody has chosen another item
            return self.state.is_over
        if self._is_lifting:
            if self._is_high():
                self._is_lifting = False
                self._aim()
            return False
        item = self.state.items[self.state.current]
        if item.command != DELAY and not self._is_there(item):
            return False
        self._waited_s += duration_s
        if item.command != LOITER and self._waited_s >= self._hold_s(item):
            self._next()
        return self.state.is_over

    def _is_high(self) -> bool:
        target = self.model.target
        return target is not None and abs(target.up_m - self.model.up_m) < 0.3

    def _is_there(self, item: Item) -> bool:
        target = self.model.target
        radius_m = item.params[1] if item.command == WAYPOINT else 0.0
        radius_m = radius_m if radius_m > 0.0 else self.parameters["NAV_ACC_RAD"]
        is_high = target is not None and abs(target.up_m - self.model.up_m) < _HEIGHT_THERE_M
        return is_high and self.model.distance_m() < radius_m

    @staticmethod
    def _hold_s(item: Item) -> float:
        hold_s = item.params[0] if item.command in (WAYPOINT, LOITER_TIME, DELAY) else 0.0
        return hold_s if hold_s > 0.0 else 0.0

    def _next(self) -> None:
        self.reached(self.state.current)
        if self.state.current + 1 >= len(self.state.items):
            self.state.is_over = True
            return
        self.state.current += 1
        self._aim()

    def _aim(self) -> None:
        """Carry out items up to the next one that has to be flown."""
        self._waited_s = 0.0
        while True:
            self._aimed_at = self.state.current
            item = self.state.items[self.state.current]
            if item.command == DELAY:
                return
            if item.command in _FLOWN and item.point is not None:
                self._go(item)
                return
            if item.command in _LEAVES_MISSION:
                self.deeds.leave_mission(item)
                return
            self._do(item)
            self.reached(self.state.current)
            if self.state.current + 1 >= len(self.state.items):
                self.state.is_over = True
                return
            self.state.current += 1

    def _go(self, item: Item) -> None:
        assert item.point is not None  # noqa: S101  # asked by the caller
        enu = self.frame.to_enu(item.point)
        up_m = item.up_m
        if self._is_lifting:
            enu, up_m = here(self.model), max(up_m, self.parameters["MIS_TAKEOFF_ALT"])
        yaw_deg = item.params[3] if item.command != TAKE_OFF else math.nan
        self.model.course = None
        self.model.target = Target(
            east_m=enu.east_m, north_m=enu.north_m, up_m=up_m, speed_m_s=self.state.cruise_m_s,
            heading_deg=None if math.isnan(yaw_deg) or self._is_lifting else yaw_deg % 360.0,
        )  # fmt: skip

    def _do(self, item: Item) -> None:
        if item.command == CHANGE_SPEED:
            self.deeds.change_speed(item.params[1])
        elif item.command == GIMBAL:
            flags = int(item.up_m)  # param 5 to 7 travel as x, y, z; the link puts flags here
            locked = bool(flags & YAW_LOCK_FLAG)
            self.deeds.aim_gimbal(item.params[0], item.params[1], is_locked=locked)
        elif item.command == ROI and item.point is not None:
            self.deeds.look_at(self.frame.to_enu(item.point, up_m=item.up_m))
        elif item.command == ROI_NONE:
            self.deeds.look_at(None)
