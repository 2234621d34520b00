"""Turns the camera of one aircraft; done when the gimbal says that it points there."""

from __future__ import annotations

import math

from mavsdk.asyncio.plugins.gimbal import GimbalAsync
from mavsdk.plugins.gimbal import ControlMode, GimbalMode, SendMode

from drone import mavsdk_convert as convert
from drone.mavsdk_calls import Calls
from drone.newest import Newest
from patrol.errors import CommandDenied
from patrol.geo import GeoPoint, bearing_true_deg, distance_m
from patrol.plan import MissionPlan

_POINTS_DEG = 2.0


class Camera:
    """`gimbal` is set while there is a link."""

    def __init__(self, calls: Calls, newest: Newest) -> None:
        self.gimbal: GimbalAsync | None = None
        self._calls = calls
        self._newest = newest
        self._has_control = False

    def connect(self, gimbal: GimbalAsync | None) -> None:
        """A new link: control is asked for anew."""
        self.gimbal, self._has_control = gimbal, False

    async def point(self, pitch_deg: float, bearing_deg: float) -> None:
        """Earth-fixed."""
        if self._newest.gimbal_id is None:
            raise CommandDenied("point camera", "the aircraft tells of no gimbal")
        if _points(self._newest, pitch_deg, bearing_deg):
            return
        await self._aim(pitch_deg, bearing_deg)
        await self._calls.until("point camera", lambda n: _points(n, pitch_deg, bearing_deg))

    async def look_at(
        self, here: GeoPoint, here_amsl_m: float, point: GeoPoint, point_amsl_m: float
    ) -> None:
        """At a place on the ground."""
        below_m = here_amsl_m - point_amsl_m
        pitch_deg = -math.degrees(math.atan2(below_m, distance_m(here, point)))
        bearing_deg = bearing_true_deg(here, point)
        await self._aim(pitch_deg, bearing_deg)
        await self._calls.until("look at", lambda n: _points(n, pitch_deg, bearing_deg))

    async def aim_as_planned(self, plan: MissionPlan, item: int) -> None:
        """After a look-hold the autopilot does not turn the camera back by itself."""
        number = min(convert.waypoints_before(plan, item), len(plan.waypoints) - 1)
        waypoint = plan.waypoints[number]
        if waypoint.gimbal_pitch_deg is not None and waypoint.camera_bearing_true_deg is not None:
            await self._aim(waypoint.gimbal_pitch_deg, waypoint.camera_bearing_true_deg)

    async def _aim(self, pitch_deg: float, bearing_deg: float) -> None:
        gimbal_id, gimbal = self._newest.gimbal_id, self.gimbal
        if gimbal_id is None or gimbal is None:
            return  # an aircraft without a gimbal flies its plan with a fixed camera
        if not self._has_control:
            await self._calls.tried(
                "gimbal", lambda: gimbal.take_control(gimbal_id, ControlMode.PRIMARY)
            )
            self._has_control = True
        yaw_deg = convert.signed(bearing_deg)
        await self._calls.tried(
            "gimbal",
            lambda: gimbal.set_angles(
                gimbal_id, 0.0, pitch_deg, yaw_deg, GimbalMode.YAW_LOCK, SendMode.ONCE
            ),
        )


def _points(newest: Newest, pitch_deg: float, bearing_deg: float) -> bool:
    camera = newest.camera
    if camera is None:
        return False
    off_deg = abs(convert.signed(camera.bearing_true_deg - bearing_deg))
    return off_deg < _POINTS_DEG and abs(camera.pitch_deg - pitch_deg) < _POINTS_DEG
