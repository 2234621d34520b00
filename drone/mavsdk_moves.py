"""Moves one aircraft about in the air: to a place, round a place, higher, faster, and to a stop.

Nobody is sent where the approved plan on board does not reach.
"""

from __future__ import annotations

import math

from mavsdk.asyncio.plugins.action import ActionAsync
from mavsdk.plugins.action import OrbitYawBehavior

from drone.mavsdk_calls import CONFIRM_S, Means, is_in
from drone.mavsdk_camera import Camera
from drone.mavsdk_convert import signed
from drone.mavsdk_upload import Uploads
from drone.newest import Newest, Part
from patrol.errors import CommandDenied
from patrol.geo import GeoPoint, bearing_true_deg, distance_m, is_inside, offset
from patrol.telemetry import FlightMode
from patrol.vehicle import ChangeHeight, ChangeSpeed, GoTo, Orbit, StandOff

_CLIMB_M_S_MIN, _CRUISE_M_S_MIN = 0.5, 1.0  # slower than these is not done in time
_THERE_M, _AT_HEIGHT_M, _STANDS_M_S = 3.0, 1.0, 0.5
_BRAKES_M_S2 = 1.75
_ORBIT_RADIUS_M = (5.0, 1000.0)
_ON_CIRCLE = 0.15  # of its radius
_HEADS_DEG = 5.0

Move = GoTo | StandOff | ChangeHeight | Orbit | ChangeSpeed
_MOVES: dict[type[Move], str] = {
    GoTo: "go to", StandOff: "stand off", ChangeHeight: "change height", Orbit: "orbit",
    ChangeSpeed: "change speed",
}  # fmt: skip


class Moves:
    """Of one aircraft; the vehicle sees to it that there is one at a time."""

    def __init__(self, means: Means, uploads: Uploads, camera: Camera) -> None:
        self._means = means
        self._uploads = uploads
        self._camera = camera

    @property
    def _action(self) -> ActionAsync:
        return ActionAsync(self._means.system())

    async def hold(self) -> None:
        """Stop here."""
        newest, calls = self._means.newest, self._means.calls
        is_placed = newest.altitude_amsl_m is not None and calls.is_fresh(Part.POSITION)
        if calls.is_shown(is_in(FlightMode.HOLD)) and is_placed and not _stands_still(newest):
            # It is on its way to a place that it was sent to: only another place stops that. Where
            # it was some time ago is none: it would be flown back to there.
            await self._reposition("hold", self._stopping_point(), None)
        else:
            await self._means.calls.once(
                "hold", lambda: self._action.hold(), is_in(FlightMode.HOLD)
            )

        def has_stopped(now: Newest) -> bool:
            if now.mode is not FlightMode.HOLD:  # a fail-safe, or the pilot
                raise CommandDenied(
                    "hold", f"broken off: the mode is {now.mode.value} now",
                    f"已中断：当前模式为{now.mode.value}",
                )  # fmt: skip
            return _stands_still(now)

        await self._means.calls.until("hold", has_stopped)

    async def move(self, command: Move) -> None:
        """Carry out and confirm; CommandDenied on the ground."""
        name = _MOVES[type(command)]
        if not self._means.newest.is_in_air:
            raise CommandDenied(name, "the aircraft is not in the air", "飞行器不在空中")
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

        if self._means.calls.is_shown(is_there):
            return
        self._check_inside(name, [point], height_m)
        way_m = distance_m(self._here(name), point)
        climb_m = abs((self._means.newest.height_above_home_m or 0.0) - height_m)
        await self._reposition(name, point, height_m)

        def has_come(now: Newest) -> bool:
            if now.mode is not FlightMode.HOLD:
                raise CommandDenied(
                    name, f"broken off: the mode is {now.mode.value} now",
                    f"已中断：模式变为{now.mode.value}",
                )  # fmt: skip
            return is_there(now)

        await self._means.calls.until(
            name, has_come,
            within_s=CONFIRM_S + way_m / _CRUISE_M_S_MIN + climb_m / _CLIMB_M_S_MIN,
        )  # fmt: skip

    def _check_inside(self, name: str, points: list[GeoPoint], height_m: float) -> None:
        """Nobody is sent where the approved plan on board does not reach."""
        plan = self._uploads.plan
        if plan is None:
            return  # nothing on board to leave; the autopilot's own fence still answers
        if not all(is_inside(point, plan.fence) for point in points):
            raise CommandDenied(name, "that is outside the plan's fence", "目标在计划围栏之外")
        if height_m > plan.ceiling_agl_m:
            raise CommandDenied(
                name, f"that is above the ceiling of {plan.ceiling_agl_m:.0f} m",
                f"超过限高{plan.ceiling_agl_m:.0f}米",
            )  # fmt: skip

    async def _reposition(self, name: str, point: GeoPoint, height_m: float | None) -> None:
        altitude_m = self._amsl(name, height_m)
        await self._means.calls.confirmed(
            name,
            lambda: self._action.goto_location(point.lat_deg, point.lon_deg, altitude_m, math.nan),
            is_in(FlightMode.HOLD),
        )

    async def _orbit(self, command: Orbit) -> None:
        low_m, high_m = _ORBIT_RADIUS_M
        if not low_m <= abs(command.radius_m) <= high_m:
            raise CommandDenied(
                "orbit", f"the radius must be {low_m:g} to {high_m:g} m",
                f"半径须为{low_m:g}至{high_m:g}米",
            )  # fmt: skip
        circle = [_from(command.centre, abs(command.radius_m), 10.0 * n) for n in range(36)]
        self._check_inside("orbit", circle, command.height_above_home_m)
        altitude_m = self._amsl("orbit", command.height_above_home_m)
        way_m = distance_m(self._here("orbit"), command.centre)
        was_orbiting = self._means.calls.is_shown(is_in(FlightMode.ORBIT))
        # Not `once`: a second orbit may be another circle; the same one again changes nothing.
        await self._means.calls.confirmed(
            "orbit",
            lambda: self._action.do_orbit(
                command.radius_m, command.speed_m_s,
                OrbitYawBehavior.HOLD_FRONT_TO_CIRCLE_CENTER,
                command.centre.lat_deg, command.centre.lon_deg, altitude_m,
            ),
            is_in(FlightMode.ORBIT),
        )  # fmt: skip
        if was_orbiting:  # then the mode proves nothing: that it comes to the new circle does
            await self._means.calls.until(
                "orbit", lambda now: _is_round(now, command),
                within_s=CONFIRM_S + way_m / _CRUISE_M_S_MIN,
            )  # fmt: skip

    async def _change_speed(self, speed_m_s: float) -> None:
        def is_so_fast(now: Newest) -> bool:
            return abs(_speed_m_s(now) - speed_m_s) < max(0.5, 0.1 * speed_m_s)

        if self._means.newest.mode is FlightMode.HOLD and _stands_still(self._means.newest):
            raise CommandDenied(
                "change speed", "the aircraft stands; its speed would not show",
                "飞行器处于悬停，无法确认速度",
            )  # fmt: skip
        await self._means.calls.tried(
            "change speed", lambda: self._action.set_current_speed(speed_m_s)
        )
        try:
            await self._means.calls.until("change speed", is_so_fast)
        except CommandDenied as error:
            flown = _speed_m_s(self._means.newest)
            raise CommandDenied(
                "change speed", f"{error.reason}; it flies {flown:.1f} m/s",
                f"{error.reason_zh}；当前速度{flown:.1f}米/秒",
            ) from error  # fmt: skip

    async def look_at(self, point: GeoPoint, altitude_m: float) -> None:
        """At a place on the ground; without a gimbal the nose looks."""
        here = self._here("look at")
        above_m = self._means.newest.altitude_amsl_m
        if above_m is None:
            raise CommandDenied("look at", "the aircraft's own altitude is not known", "海拔未知")
        if self._means.newest.gimbal_id is None:
            bearing_deg = bearing_true_deg(here, point)
            await self._means.calls.confirmed(
                "turn",
                lambda: self._action.goto_location(
                    here.lat_deg, here.lon_deg, above_m, bearing_deg
                ),
                lambda now: _heads(now, bearing_deg),
            )
            return
        await self._camera.look_at(here, above_m, point, altitude_m)

    def _here(self, name: str) -> GeoPoint:
        if self._means.newest.position is None:
            raise CommandDenied(name, "the aircraft's own position is not known", "位置未知")
        return self._means.newest.position

    def _amsl(self, name: str, height_m: float | None) -> float:
        """Of a height above home; of where it is, for None."""
        newest = self._means.newest
        if newest.altitude_amsl_m is None or newest.height_above_home_m is None:
            raise CommandDenied(name, "the aircraft's own height is not known", "高度未知")
        if height_m is None:
            return newest.altitude_amsl_m
        return newest.altitude_amsl_m - newest.height_above_home_m + height_m

    def _stopping_point(self) -> GeoPoint:
        here, velocity = self._here("hold"), self._means.newest.velocity
        if velocity is None:
            return here
        stop_s = _speed_m_s(self._means.newest) / (2.0 * _BRAKES_M_S2)
        return offset(here, east_m=velocity.east_m_s * stop_s, north_m=velocity.north_m_s * stop_s)


def _speed_m_s(newest: Newest) -> float:
    velocity = newest.velocity
    return math.inf if velocity is None else math.hypot(velocity.north_m_s, velocity.east_m_s)


def _is_round(newest: Newest, orbit: Orbit) -> bool:
    """On that circle, or near enough to be on its way round."""
    if newest.mode is not FlightMode.ORBIT or newest.position is None:
        return False
    off_m = abs(distance_m(newest.position, orbit.centre) - abs(orbit.radius_m))
    return off_m < max(_THERE_M, _ON_CIRCLE * abs(orbit.radius_m))


def _heads(newest: Newest, bearing_deg: float) -> bool:
    attitude = newest.attitude
    return attitude is not None and abs(signed(attitude.yaw_deg - bearing_deg)) < _HEADS_DEG


def _stands_still(newest: Newest) -> bool:
    return _speed_m_s(newest) < _STANDS_M_S


def _from(centre: GeoPoint, distance: float, bearing_deg: float) -> GeoPoint:
    bearing = math.radians(bearing_deg)
    return offset(centre, east_m=distance * math.sin(bearing), north_m=distance * math.cos(bearing))
