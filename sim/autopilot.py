"""What the simulated autopilot decides: modes, the mission, fail-safes. It knows no bytes."""

from __future__ import annotations

import enum
import math
from collections.abc import Callable
from dataclasses import dataclass, field

from patrol.geo import Enu, GeoPoint, LocalFrame, is_inside
from sim.faults import ARMING_REFUSALS, Fault
from sim.flight_model import FlightModel, Target
from sim.parameters import Parameters

# MAV_CMD numbers that a mission may hold.
WAYPOINT, RETURN, LAND_HERE, TAKE_OFF = 16, 20, 21, 22
CHANGE_SPEED, GIMBAL, GIMBAL_CONFIGURE, ROI, ROI_NONE = 178, 1000, 1001, 195, 197
YAW_LOCK_FLAG = 16
_ENDURANCE_S = 1500.0
_AUTO_DISARM_S = 2.0  # world, after landing
_HOLD_BEFORE_RETURN_S = 5.0  # wall, PX4's fail-safe delay


class Mode(enum.Enum):
    """PX4 modes with their custom_mode (main << 16 | sub << 24)."""

    MANUAL = 0x00010000
    READY = 0x01040000
    TAKE_OFF = 0x02040000
    HOLD = 0x03040000
    MISSION = 0x04040000
    RETURN = 0x05040000
    LAND = 0x06040000


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One mission item: MAV_CMD, its parameters, and place with height above home."""

    command: int
    params: tuple[float, float, float, float]
    point: GeoPoint | None
    up_m: float


@dataclass(slots=True, kw_only=True)
class Autopilot:
    """The brain. `say` sends a STATUSTEXT (severity, text), `reached` a MISSION_ITEM_REACHED."""

    home: GeoPoint
    parameters: Parameters
    say: Callable[[int, str], None]
    reached: Callable[[int], None]
    model: FlightModel = field(default_factory=FlightModel)
    faults: set[Fault] = field(default_factory=set)
    mode: Mode = Mode.HOLD
    is_armed: bool = False
    battery_pct: float = 100.0
    mission: list[Item] = field(default_factory=list)
    current: int = 0
    is_mission_over: bool = False
    fence: list[GeoPoint] = field(default_factory=list)
    is_failsafe: bool = False
    cruise_m_s: float = 5.0
    _landed_s: float = 0.0
    _is_breached: bool = False
    _warned: set[str] = field(default_factory=set)

    @property
    def frame(self) -> LocalFrame:
        """Metres around home."""
        return LocalFrame(origin=self.home)

    @property
    def position(self) -> GeoPoint:
        """Where it is."""
        return self.frame.to_geo(Enu(east_m=self.model.east_m, north_m=self.model.north_m))

    def arm(self) -> bool:
        """Whether it arms; the reason not to is said."""
        for fault, words in ARMING_REFUSALS.items():
            if fault in self.faults:
                self.say(4, words)
                return False
        self.is_armed = True
        self._landed_s = 0.0
        return True

    def disarm(self) -> bool:
        """Only on the ground."""
        if not self.model.is_on_ground:
            self.say(4, "Disarming denied: not landed")
            return False
        self.is_armed = False
        self.mode = Mode.HOLD
        self.is_failsafe = False
        return True

    def take_off(self) -> None:
        """Climb to MIS_TAKEOFF_ALT above home."""
        if not self.is_armed or Fault.TAKEOFF_ACKED_NOT_DONE in self.faults:
            return
        self.mode = Mode.TAKE_OFF
        self._go(self.model.east_m, self.model.north_m, self.parameters["MIS_TAKEOFF_ALT"], 2.0)

    def hold(self) -> None:
        """Stop here."""
        self.mode = Mode.HOLD
        if not self.model.is_on_ground:
            stop_m = self.model.speed_m_s**2 / (2.0 * 1.75)
            speed = max(self.model.speed_m_s, 1e-6)
            self._go(
                self.model.east_m + self.model.east_m_s / speed * stop_m,
                self.model.north_m + self.model.north_m_s / speed * stop_m,
                self.model.up_m,
                max(self.model.speed_m_s, 2.0),
            )

    def start_mission(self) -> None:
        """Start, or go on with the current item."""
        if not self.mission:
            self.say(4, "Mission mode rejected: no valid mission")
            return
        if not self.is_armed:
            self.say(4, "Mission mode rejected: not armed")
            return
        if reason := self.mission_fault():
            self.say(3, reason)
            return
        self.mode = Mode.MISSION
        self.is_mission_over = False
        self._aim()

    def mission_fault(self) -> str:
        """PX4's words when a waypoint is outside the fence; empty when none is."""
        if len(self.fence) < 3:
            return ""
        for number, item in enumerate(self.mission):
            if item.point is not None and not is_inside(item.point, self.fence):
                return f"Geofence violation for waypoint {number + 1}"
        return ""

    def fence_fault(self) -> str:
        """PX4's words when home is outside the fence."""
        if len(self.fence) >= 3 and not is_inside(self.home, self.fence):
            return "Geofence invalid, doesn't contain Home position"
        return ""

    def reposition(self, point: GeoPoint, up_m: float, heading_deg: float | None) -> None:
        """Go to a place and hold there."""
        self.mode = Mode.HOLD
        enu = self.frame.to_enu(point)
        self._go(enu.east_m, enu.north_m, up_m, self.cruise_m_s, heading_deg)

    def return_home(self) -> None:
        """Climb to the return height, fly home, land."""
        if self.model.is_on_ground:
            return
        self.mode = Mode.RETURN
        self.model.wanted_bearing_deg, self.model.wanted_pitch_deg = None, 0.0

    def land(self) -> None:
        """Land here."""
        if self.model.is_on_ground:
            return
        self.mode = Mode.LAND
        self._go(self.model.east_m, self.model.north_m, -2.0, 1.0)

    def point_camera(self, place: GeoPoint, up_m: float) -> None:
        """Look at a place on the ground (region of interest)."""
        enu = self.frame.to_enu(place)
        off_e, off_n = enu.east_m - self.model.east_m, enu.north_m - self.model.north_m
        self.model.wanted_bearing_deg = math.degrees(math.atan2(off_e, off_n)) % 360.0
        below_m = self.model.up_m - up_m
        self.model.wanted_pitch_deg = -math.degrees(math.atan2(below_m, math.hypot(off_e, off_n)))

    def aim_gimbal(self, pitch_deg: float, yaw_deg: float, *, is_locked: bool) -> None:
        """Set the gimbal; a NaN leaves that axis. Without lock, yaw is from the nose."""
        if not math.isnan(pitch_deg):
            self.model.wanted_pitch_deg = pitch_deg
        if not math.isnan(yaw_deg):
            base = 0.0 if is_locked else self.model.heading_deg
            self.model.wanted_bearing_deg = (base + yaw_deg) % 360.0

    def step(self, duration_s: float) -> None:
        """Move on by so many world seconds."""
        if Fault.BATTERY_LOW in self.faults:
            self.battery_pct = min(self.battery_pct, 12.0)
        if self.is_armed and not self.model.is_on_ground:
            self.battery_pct = max(0.0, self.battery_pct - 100.0 / _ENDURANCE_S * duration_s)
        if self.is_armed:
            self.model.step(duration_s)
            self._decide(duration_s)

    def link_lost(self, silent_s: float) -> None:
        """The ground station has been silent for so many wall seconds."""
        limit_s = self.parameters["COM_DL_LOSS_T"]
        if self.model.is_on_ground or silent_s < limit_s or self.parameters["NAV_DLL_ACT"] != 2:
            return
        if not self.is_failsafe:
            self.is_failsafe = True
            self.say(3, "Failsafe activated: Data link lost, holding, then returning")
            if self.mode not in (Mode.RETURN, Mode.LAND):
                self.hold()
        elif silent_s > limit_s + _HOLD_BEFORE_RETURN_S and self.mode is Mode.HOLD:
            self.return_home()

    def _decide(self, duration_s: float) -> None:
        self._check_battery()
        self._check_fence()
        match self.mode:
            case Mode.TAKE_OFF:
                if self.model.target and abs(self.model.target.up_m - self.model.up_m) < 0.3:
                    self.hold()
            case Mode.MISSION:
                self._fly_mission()
            case Mode.RETURN:
                self._fly_home()
            case _:
                pass
        is_down = self.model.is_on_ground and self.mode in (Mode.LAND, Mode.RETURN)
        self._landed_s = self._landed_s + duration_s if is_down else 0.0
        if self._landed_s > _AUTO_DISARM_S:
            self.say(6, "Landing detected")
            self.disarm()

    def _fly_mission(self) -> None:
        if self.is_mission_over or self.model.target is None:
            return
        radius_m = self.parameters["NAV_ACC_RAD"]
        is_there = self.model.distance_m() < radius_m
        if is_there and abs(self.model.target.up_m - self.model.up_m) < 1.0:
            self._next()

    def _next(self) -> None:
        self.reached(self.current)
        if self.current + 1 >= len(self.mission):
            self.is_mission_over = True
            self.say(6, "Mission finished, loitering")
            self.hold()
            return
        self.current += 1
        self._aim()

    def _aim(self) -> None:
        """Carry out items up to the next one that has to be flown."""
        while True:
            item = self.mission[self.current]
            if item.command in (WAYPOINT, TAKE_OFF) and item.point is not None:
                enu = self.frame.to_enu(item.point)
                self._go(enu.east_m, enu.north_m, item.up_m, self.cruise_m_s)
                return
            self._do(item)
            if item.command == RETURN:
                return
            self.reached(self.current)
            if self.current + 1 >= len(self.mission):
                self.is_mission_over = True
                self.hold()
                return
            self.current += 1

    def _do(self, item: Item) -> None:
        if item.command == CHANGE_SPEED and item.params[1] > 0:
            self.cruise_m_s = item.params[1]
        elif item.command == GIMBAL:
            flags = int(item.up_m)  # param 5 to 7 travel as x, y, z; the link puts flags here
            locked = bool(flags & YAW_LOCK_FLAG)
            self.aim_gimbal(item.params[0], item.params[1], is_locked=locked)
        elif item.command == RETURN:
            self.return_home()

    def _fly_home(self) -> None:
        high_m = max(self.parameters["RTL_RETURN_ALT"], 0.0)
        off_m = math.hypot(self.model.east_m, self.model.north_m)
        if off_m > 1.0:
            up_m = max(high_m, self.model.up_m) if self.model.up_m < high_m - 1.0 else high_m
            is_climbing = self.model.up_m < high_m - 1.0
            east, north = (self.model.east_m, self.model.north_m) if is_climbing else (0.0, 0.0)
            self._go(east, north, up_m, 5.0)
        else:
            self._go(0.0, 0.0, -2.0, 1.0)

    def _check_battery(self) -> None:
        if self.parameters["COM_LOW_BAT_ACT"] == 0 or self.model.is_on_ground:
            return
        share = self.battery_pct / 100.0
        if share < self.parameters["BAT_EMERGEN_THR"]:
            if self.mode is not Mode.LAND:
                self._once("Emergency battery level, landing")
                self.land()
        elif share < self.parameters["BAT_CRIT_THR"]:
            if self.mode not in (Mode.RETURN, Mode.LAND):
                self._once("Critical battery level, returning")
                self.return_home()
        elif share < self.parameters["BAT_LOW_THR"]:
            self._once("Low battery level")

    def _check_fence(self) -> None:
        if len(self.fence) < 3 or self.model.is_on_ground:
            return
        is_out = not is_inside(self.position, self.fence)
        if is_out and not self._is_breached and self.mode not in (Mode.RETURN, Mode.LAND):
            self.say(3, "Geofence violation")
            if self.parameters["GF_ACTION"] >= 3:
                self.return_home()
            elif self.parameters["GF_ACTION"] == 2:
                self.hold()
        self._is_breached = is_out

    def _once(self, text: str) -> None:
        if text not in self._warned:
            self._warned.add(text)
            self.say(3, text)

    def _go(
        self,
        east_m: float,
        north_m: float,
        up_m: float,
        speed: float,
        heading_deg: float | None = None,
    ) -> None:
        self.model.target = Target(
            east_m=east_m, north_m=north_m, up_m=up_m, speed_m_s=speed, heading_deg=heading_deg
        )
