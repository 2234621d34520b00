"""What the simulated aircraft is made of, where it is, and where its camera looks."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from patrol.geo import Enu, GeoPoint, LocalFrame, distance_m
from sim.battery import Battery
from sim.faults import Fault
from sim.fence import Fence
from sim.flight_model import FlightModel
from sim.mission import Item, MissionState
from sim.modes import Mode
from sim.parameters import Parameters
from sim.sticks import Sticks

_CRITICAL = 2  # MAV_SEVERITY
_GIMBAL_LOW_DEG, _GIMBAL_HIGH_DEG = -90.0, 22.5  # what it says it can


@dataclass(slots=True, kw_only=True)
class Craft:
    """Airframe, battery, plan and parameters; it decides nothing.

    `say` sends a STATUSTEXT (severity, text), `reached` a MISSION_ITEM_REACHED. `intended` is the
    mode that a person chose; `mode` the one that is flown, which a fail-safe may have taken.
    """

    home: GeoPoint
    parameters: Parameters
    say: Callable[[int, str], None]
    reached: Callable[[int], None]
    model: FlightModel = field(default_factory=FlightModel)
    faults: set[Fault] = field(default_factory=set)
    battery: Battery = field(default_factory=Battery)
    plan: MissionState = field(default_factory=MissionState)
    mode: Mode = Mode.HOLD
    intended: Mode = Mode.HOLD
    is_armed: bool = False
    is_failsafe: bool = False
    fence: Fence = field(default_factory=Fence)
    rally: list[GeoPoint] = field(default_factory=list)
    sticks: Sticks | None = None  # None: no transmitter
    station_silent_s: float | None = None  # wall; None: no ground station was ever heard
    _roi: Enu | None = None
    _unfixed_s: float = 0.0

    @property
    def frame(self) -> LocalFrame:
        """Metres around home."""
        return LocalFrame(origin=self.home)

    @property
    def position(self) -> GeoPoint:
        """Where it truly is."""
        return self.frame.to_geo(Enu(east_m=self.model.east_m, north_m=self.model.north_m))

    @property
    def battery_pct(self) -> float:
        """Charge."""
        return self.battery.charge_pct

    @battery_pct.setter
    def battery_pct(self, charge_pct: float) -> None:
        self.battery.charge_pct = charge_pct

    @property
    def mission(self) -> list[Item]:
        """The items."""
        return self.plan.items

    @mission.setter
    def mission(self, items: list[Item]) -> None:
        self.plan.items = items

    @property
    def current(self) -> int:
        """The item that is flown."""
        return self.plan.current

    @current.setter
    def current(self, number: int) -> None:
        self.plan.current = number

    @property
    def is_mission_over(self) -> bool:
        """Whether the last item is done."""
        return self.plan.is_over

    @is_mission_over.setter
    def is_mission_over(self, is_over: bool) -> None:
        self.plan.is_over = is_over

    @property
    def cruise_m_s(self) -> float:
        """Speed in force."""
        return self.plan.cruise_m_s

    @cruise_m_s.setter
    def cruise_m_s(self, speed_m_s: float) -> None:
        self.plan.cruise_m_s = speed_m_s

    @property
    def is_flying(self) -> bool:
        """Whether it is off the ground."""
        return not self.model.is_on_ground

    @property
    def has_position(self) -> bool:
        """Whether it still believes in its position: for EKF2_NOAID_TOUT without satellites."""
        return self._unfixed_s * 1e6 < self.parameters["EKF2_NOAID_TOUT"]

    def mission_fault(self) -> str:
        """PX4's words when a waypoint is outside the fence or its limits; empty when none is."""
        for number, item in enumerate(self.mission):
            if item.point is not None and not self.may_be_at(item.point, item.up_m):
                return f"Geofence violation for waypoint {number + 1}"
        return ""

    def may_be_at(self, point: GeoPoint, up_m: float) -> bool:
        """Whether fence, GF_MAX_HOR_DIST and GF_MAX_VER_DIST allow it."""
        far_m, high_m = self.parameters["GF_MAX_HOR_DIST"], self.parameters["GF_MAX_VER_DIST"]
        is_near = far_m <= 0.0 or distance_m(self.home, point) < far_m
        return is_near and (high_m <= 0.0 or up_m < high_m) and self.fence.allows(point)

    def take_fence(self, fence: Fence) -> None:
        """A new fence. As PX4, drop each area that home or the aircraft in flight would break."""
        if fence != (kept := fence.keeping(lambda area: area.allows(self.home))):
            self.say(_CRITICAL, "Geofence invalid, doesn't contain Home position")
        if self.is_flying and self.parameters.whole("GF_ACTION") != 0:
            inner, at = kept, self.position
            if inner != (kept := inner.keeping(lambda area: area.allows(at))):
                self.say(_CRITICAL, "Geofence invalid, doesn't contain current vehicle position")
        self.fence = kept

    def point_camera(self, place: GeoPoint, up_m: float) -> None:
        """Look at a place on the ground (region of interest) and keep looking."""
        self.look_at(self.frame.to_enu(place, up_m=up_m))

    def look_at(self, place: Enu | None) -> None:
        """Keep the camera on a place; None: no longer."""
        self._roi = place
        self.follow_roi()

    def follow_roi(self) -> None:
        """Turn the camera to the place that it is to keep in sight."""
        if self._roi is None:
            return
        off_e = self._roi.east_m - self.model.seen_east_m
        off_n = self._roi.north_m - self.model.seen_north_m
        self.model.wanted_bearing_deg = math.degrees(math.atan2(off_e, off_n)) % 360.0
        below_m = self.model.up_m - self._roi.up_m
        self.model.wanted_pitch_deg = -math.degrees(math.atan2(below_m, math.hypot(off_e, off_n)))

    def aim_gimbal(self, pitch_deg: float, yaw_deg: float, *, is_locked: bool) -> None:
        """Set the gimbal; a NaN leaves that axis. Without lock, yaw is from the nose."""
        self._roi = None
        if not math.isnan(pitch_deg):
            self.model.wanted_pitch_deg = max(_GIMBAL_LOW_DEG, min(_GIMBAL_HIGH_DEG, pitch_deg))
        if not math.isnan(yaw_deg):
            base = 0.0 if is_locked else self.model.heading_deg
            self.model.wanted_bearing_deg = (base + yaw_deg) % 360.0

    def look_ahead(self) -> None:
        """The camera at rest: along the nose, level."""
        self._roi = None
        self.model.wanted_bearing_deg, self.model.wanted_pitch_deg = None, 0.0
