"""Turns the camera of one aircraft; done when the gimbal says that it points there."""

from __future__ import annotations

import math

from mavsdk.asyncio.plugins.gimbal import GimbalAsync
from mavsdk.plugins.gimbal import ControlMode, GimbalMode, SendMode

from drone import mavsdk_convert as convert
from drone.mavsdk_calls import Means
from drone.newest import Newest, Part
from patrol.errors import CommandDenied
from patrol.geo import GeoPoint, bearing_true_deg, distance_m
from patrol.plan import MissionPlan

_POINTS_DEG = 2.0


class Camera:
    """`gimbal` is set while there is a link."""

    def __init__(self, means: Means) -> None:
        self.gimbal: GimbalAsync | None = None
        self._means = means
        self._has_control = False

    def connect(self, gimbal: GimbalAsync | None) -> None:
        """A new link: control is asked for anew."""
        self.gimbal, self._has_control = gimbal, False

    async def point(self, pitch_deg: float, bearing_deg: float) -> None:
        """Earth-fixed."""
        if self._means.newest.gimbal_id is None:
            raise CommandDenied("point camera", "the aircraft tells of no gimbal", "未发现云台")
        await self._turn("point camera", pitch_deg, bearing_deg)

    async def look_at(
        self, here: GeoPoint, here_amsl_m: float, point: GeoPoint, point_amsl_m: float
    ) -> None:
        """At a place on the ground."""
        below_m = here_amsl_m - point_amsl_m
        pitch_deg = -math.degrees(math.atan2(below_m, distance_m(here, point)))
        bearing_deg = bearing_true_deg(here, point)
        await self._turn("look at", pitch_deg, bearing_deg)

    async def aim_as_planned(self, plan: MissionPlan, item: int) -> None:
        """After a look-hold the autopilot does not turn the camera back by itself."""
        number = min(convert.waypoints_before(plan, item), len(plan.waypoints) - 1)
        waypoint = plan.waypoints[number]
        if waypoint.gimbal_pitch_deg is not None and waypoint.camera_bearing_true_deg is not None:
            await self._aim(waypoint.gimbal_pitch_deg, waypoint.camera_bearing_true_deg)

    async def _turn(self, name: str, pitch_deg: float, bearing_deg: float) -> None:
        """Aim, and wait until the gimbal says that it points there."""
        calls = self._means.calls
        await self._aim(pitch_deg, bearing_deg)
        try:
            await calls.until(name, lambda now: _points(now, pitch_deg, bearing_deg))
        except CommandDenied:
            self._has_control = False  # another may have taken it
            raise

    async def _aim(self, pitch_deg: float, bearing_deg: float) -> None:
        calls, newest = self._means.calls, self._means.newest
        gimbal_id, gimbal = newest.gimbal_id, self.gimbal
        if gimbal_id is None or gimbal is None:
            return  # an aircraft without a gimbal flies its plan with a fixed camera
        if calls.is_fresh(Part.CAMERA) and _points(newest, pitch_deg, bearing_deg):
            return
        yaw_deg = convert.signed(bearing_deg)
        try:
            if not self._has_control:
                await calls.tried(
                    "gimbal", lambda: gimbal.take_control(gimbal_id, ControlMode.PRIMARY)
                )
                self._has_control = True
            await calls.tried(
                "gimbal",
                lambda: gimbal.set_angles(
                    gimbal_id, 0.0, pitch_deg, yaw_deg, GimbalMode.YAW_LOCK, SendMode.ONCE
                ),
            )
        except CommandDenied:
            self._has_control = False  # another may have taken it: asked for anew the next time
            raise


def _points(newest: Newest, pitch_deg: float, bearing_deg: float) -> bool:
    camera = newest.camera
    if camera is None:
        return False
    off_deg = abs(convert.signed(camera.bearing_true_deg - bearing_deg))
    return off_deg < _POINTS_DEG and abs(camera.pitch_deg - pitch_deg) < _POINTS_DEG
