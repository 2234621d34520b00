"""Moves one aircraft about in the air: to a place, round a place, higher, faster, and to a stop.

Nobody is sent where the approved plan on board does not reach.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from mavsdk.asyncio import System
from mavsdk.asyncio.plugins.action import ActionAsync
from mavsdk.plugins.action import OrbitYawBehavior

from drone.mavsdk_calls import CONFIRM_S, Calls, is_in
from drone.mavsdk_camera import Camera
from drone.mavsdk_upload import Uploads
from drone.newest import Newest
from patrol.errors import CommandDenied
from patrol.geo import GeoPoint, bearing_true_deg, distance_m, is_inside, offset
from patrol.telemetry import FlightMode
from patrol.vehicle import ChangeHeight, ChangeSpeed, GoTo, Orbit, StandOff

_CLIMB_M_S_MIN, _CRUISE_M_S_MIN = 0.5, 1.0  # slower than these is not done in time
_THERE_M, _AT_HEIGHT_M, _STANDS_M_S = 3.0, 1.0, 0.5
_BRAKES_M_S2 = 1.75
_ORBIT_RADIUS_M = (5.0, 1000.0)

Move = GoTo | StandOff | ChangeHeight | Orbit | ChangeSpeed
_MOVES: dict[type[Move], str] = {
    GoTo: "go to", StandOff: "stand off", ChangeHeight: "change height", Orbit: "orbit",
    ChangeSpeed: "change speed",
}  # fmt: skip


class Moves:
    """Of one aircraft; the vehicle sees to it that there is one at a time."""

    def __init__(
        self,
        system: Callable[[], System],
        calls: Calls,
        newest: Newest,
        uploads: Uploads,
        camera: Camera,
    ) -> None:
        self._system = system
        self._calls = calls
        self._newest = newest
        self._uploads = uploads
        self._camera = camera

    @property
    def _action(self) -> ActionAsync:
        return ActionAsync(self._system())

    async def hold(self) -> None:
        """Stop here."""
        newest = self._newest
        is_placed = newest.position is not None and newest.altitude_amsl_m is not None
        if newest.mode is FlightMode.HOLD and is_placed and not _stands_still(newest):
            # It is on its way to a place that it was sent to: only another place stops that.
            await self._reposition("hold", self._stopping_point(), None)
        else:
            await self._calls.once("hold", lambda: self._action.hold(), is_in(FlightMode.HOLD))

        def has_stopped(now: Newest) -> bool:
            if now.mode is not FlightMode.HOLD:  # a fail-safe, or the pilot
                raise CommandDenied("hold", f"broken off: the mode is {now.mode.value} now")
            return _stands_still(now)

        await self._calls.until("hold", has_stopped)

    async def move(self, command: Move) -> None:
        """Carry out and confirm; CommandDenied on the ground."""
        name = _MOVES[type(command)]
        if not self._newest.is_in_air:
            raise CommandDenied(name, "the aircraft is not in the air")
        match command:
            case GoTo():
                await self._go(name, command.point, command.height_above_home_m)
            case ChangeHeight():
                await self._go(name, self._here(name), command.height_above_home_m)
            case StandOff():
                here = self._here(name)
                bearing_deg = bearing_true_deg(command.centre, here)
                spot = _from(command.centre, command.distance_m, bearing_deg)
                await self._go(name, spot, command.height_above_home_m)
                await self.look_at(command.centre, command.altitude_amsl_m)
            case Orbit():
                await self._orbit(command)
            case ChangeSpeed():
                await self._change_speed(command.speed_m_s)

    async def _go(self, name: str, point: GeoPoint, height_m: float) -> None:
        def is_there(now: Newest) -> bool:
            return (
                now.mode is FlightMode.HOLD
                and now.position is not None
                and now.height_above_home_m is not None
                and distance_m(now.position, point) < _THERE_M
                and abs(now.height_above_home_m - height_m) < _AT_HEIGHT_M
                and _stands_still(now)
            )

        if self._calls.is_shown(is_there):
            return
        self._check_inside(name, [point], height_m)
        way_m = distance_m(self._here(name), point)
        climb_m = abs((self._newest.height_above_home_m or 0.0) - height_m)
        await self._reposition(name, point, height_m)

        def has_come(now: Newest) -> bool:
            if now.mode is not FlightMode.HOLD:
                raise CommandDenied(name, f"broken off: the mode is {now.mode.value} now")
            return is_there(now)

        await self._calls.until(
            name, has_come,
            within_s=CONFIRM_S + way_m / _CRUISE_M_S_MIN + climb_m / _CLIMB_M_S_MIN,
        )  # fmt: skip

    def _check_inside(self, name: str, points: list[GeoPoint], height_m: float) -> None:
        """Nobody is sent where the approved plan on board does not reach."""
        plan = self._uploads.plan
        if plan is None:
            return  # nothing on board to leave; the autopilot's own fence still answers
        if not all(is_inside(point, plan.fence) for point in points):
            raise CommandDenied(name, "that is outside the plan's fence")
        if height_m > plan.ceiling_agl_m:
            raise CommandDenied(name, f"that is above the ceiling of {plan.ceiling_agl_m:.0f} m")

    async def _reposition(self, name: str, point: GeoPoint, height_m: float | None) -> None:
        altitude_m = self._amsl(name, height_m)
        await self._calls.confirmed(
            name,
            lambda: self._action.goto_location(point.lat_deg, point.lon_deg, altitude_m, math.nan),
            is_in(FlightMode.HOLD),
        )

    async def _orbit(self, command: Orbit) -> None:
        low_m, high_m = _ORBIT_RADIUS_M
        if not low_m <= abs(command.radius_m) <= high_m:
            raise CommandDenied("orbit", f"the radius must be {low_m:g} to {high_m:g} m")
        circle = [_from(command.centre, abs(command.radius_m), 10.0 * n) for n in range(36)]
        self._check_inside("orbit", circle, command.height_above_home_m)
        altitude_m = self._amsl("orbit", command.height_above_home_m)
        # Not `_once`: a second orbit may be another circle; the same one again changes nothing.
        await self._calls.confirmed(
            "orbit",
            lambda: self._action.do_orbit(
                command.radius_m, command.speed_m_s,
                OrbitYawBehavior.HOLD_FRONT_TO_CIRCLE_CENTER,
                command.centre.lat_deg, command.centre.lon_deg, altitude_m,
            ),
            is_in(FlightMode.ORBIT),
        )  # fmt: skip

    async def _change_speed(self, speed_m_s: float) -> None:
        def is_so_fast(now: Newest) -> bool:
            return abs(_speed_m_s(now) - speed_m_s) < max(0.5, 0.1 * speed_m_s)

        if self._newest.mode is FlightMode.HOLD and _stands_still(self._newest):
            raise CommandDenied("change speed", "the aircraft stands; its speed would not show")
        await self._calls.tried("change speed", lambda: self._action.set_current_speed(speed_m_s))
        try:
            await self._calls.until("change speed", is_so_fast)
        except CommandDenied as error:
            told = f"{error.reason}; it flies {_speed_m_s(self._newest):.1f} m/s"
            raise CommandDenied("change speed", told) from error

    async def look_at(self, point: GeoPoint, altitude_m: float) -> None:
        """At a place on the ground; without a gimbal the nose looks."""
        here = self._here("look at")
        above_m = self._newest.altitude_amsl_m
        if above_m is None:
            raise CommandDenied("look at", "the aircraft's own altitude is not known")
        if self._newest.gimbal_id is None:
            bearing_deg = bearing_true_deg(here, point)
            await self._calls.tried(
                "turn",
                lambda: self._action.goto_location(
                    here.lat_deg, here.lon_deg, above_m, bearing_deg
                ),
            )
            return
        await self._camera.look_at(here, above_m, point, altitude_m)

    def _here(self, name: str) -> GeoPoint:
        if self._newest.position is None:
            raise CommandDenied(name, "the aircraft's own position is not known")
        return self._newest.position

    def _amsl(self, name: str, height_m: float | None) -> float:
        """Of a height above home; of where it is, for None."""
        newest = self._newest
        if newest.altitude_amsl_m is None or newest.height_above_home_m is None:
            raise CommandDenied(name, "the aircraft's own height is not known")
        if height_m is None:
            return newest.altitude_amsl_m
        return newest.altitude_amsl_m - newest.height_above_home_m + height_m

    def _stopping_point(self) -> GeoPoint:
        here, velocity = self._here("hold"), self._newest.velocity
        if velocity is None:
            return here
        stop_s = _speed_m_s(self._newest) / (2.0 * _BRAKES_M_S2)
        return offset(here, east_m=velocity.east_m_s * stop_s, north_m=velocity.north_m_s * stop_s)


def _speed_m_s(newest: Newest) -> float:
    velocity = newest.velocity
    return math.inf if velocity is None else math.hypot(velocity.north_m_s, velocity.east_m_s)


def _stands_still(newest: Newest) -> bool:
    return _speed_m_s(newest) < _STANDS_M_S


def _from(centre: GeoPoint, distance: float, bearing_deg: float) -> GeoPoint:
    bearing = math.radians(bearing_deg)
    return offset(centre, east_m=distance * math.sin(bearing), north_m=distance * math.cos(bearing))
