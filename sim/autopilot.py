"""What the simulated autopilot decides: modes, arming, fail-safes. It knows no bytes."""

from __future__ import annotations

from dataclasses import dataclass, field

from patrol.geo import Enu, GeoPoint
from sim.conditions import Conditions, Situation
from sim.craft import Craft
from sim.failsafes import MODE_OF, Action, Failsafes
from sim.faults import ARMING_REFUSALS, Fault
from sim.ground_watch import GroundWatch
from sim.manoeuvres import (
    BySticks,
    ByTilt,
    Descend,
    GoTo,
    Hold,
    Land,
    Manoeuvre,
    Orbit,
    TakeOff,
    here,
)
from sim.mission import (
    CHANGE_SPEED,
    GIMBAL,
    GIMBAL_CONFIGURE,
    LAND_HERE,
    RETURN,
    ROI,
    ROI_NONE,
    TAKE_OFF,
    WAYPOINT,
    YAW_LOCK_FLAG,
    Item,
)
from sim.mission_flight import MissionFlight
from sim.modes import BY_STICKS, NAMES, NEEDS_POSITION, Mode
from sim.way_home import way_home

__all__ = [
    "CHANGE_SPEED", "GIMBAL", "GIMBAL_CONFIGURE", "LAND_HERE", "RETURN", "ROI", "ROI_NONE",
    "TAKE_OFF", "WAYPOINT", "YAW_LOCK_FLAG", "Autopilot", "Item", "Mode",
]  # fmt: skip

_ORBIT_RADIUS_M = 15.0
_FUSION_STOPS_S = 1.0  # after the last fix
_MOTOR_GONE_SHARE = 0.75  # of the thrust: one motor of four
_INFO, _ERROR, _CRITICAL = 6, 3, 2  # MAV_SEVERITY


@dataclass(slots=True, kw_only=True)
class Autopilot(Craft):
    """The brain: every public verb is a person's command but `step`, which lets time pass."""

    _way: Manoeuvre | None = None
    _had_sticks: bool = False
    _tilted_s: float = 0.0
    _ground: GroundWatch = field(init=False)
    _failsafes: Failsafes = field(init=False)
    _conditions: Conditions = field(init=False)

    def __post_init__(self) -> None:
        """Its parts share its parameters and its voice."""
        self._ground = GroundWatch()
        self._failsafes = Failsafes(parameters=self.parameters, say=self.say)
        self._conditions = Conditions(parameters=self.parameters, say=self.say, frame=self.frame)

    @property
    def takeoff_count(self) -> int:
        """How often it has left the ground."""
        return self._ground.takeoff_count

    # --- what a person commands

    def arm(self) -> bool:
        """Whether it arms; the reason not to is said."""
        for fault, words in ARMING_REFUSALS.items():
            if fault in self.faults:
                self.say(_CRITICAL, words)
                return False
        if self.intended is Mode.MISSION and (not self.mission or self.mission_fault()):
            self.say(_CRITICAL, ARMING_REFUSALS[Fault.ARM_DENIED])
            return False
        if not self.is_armed:
            self._begin()
        return True

    def _begin(self) -> None:
        self.say(_INFO, "Armed by external command")
        self.is_armed = True
        self._ground.begin()
        self._had_sticks = self.sticks is not None
        self._failsafes.clear()
        self._conditions.forget()
        # As PX4: a mode that was chosen before is flown from now on.
        if self.intended is Mode.TAKE_OFF:
            self.take_off()
        elif self.intended is not Mode.HOLD:
            self._enter(self.intended)

    def disarm(self) -> bool:
        """Only on the ground."""
        if not self.model.is_on_ground:
            self.say(_CRITICAL, "Disarming denied: not landed")
            return False
        self._stop_motors("external command")
        return True

    def kill(self) -> None:
        """Motors off at once, in the air too: it falls."""
        self._stop_motors("external command")

    def _stop_motors(self, reason: str) -> None:
        if self.is_armed:
            self.say(_INFO, f"Disarmed by {reason}")
        self.is_armed = self.is_failsafe = False
        self.mode = self.intended = Mode.HOLD
        self._way = self.model.target = self.model.course = None
        self._failsafes.clear()
        self.battery.idle()
        if self.model.is_on_ground:
            self.battery.swap()

    def take_off(self, up_m: float | None = None) -> None:
        """Climb to this height above home, or to MIS_TAKEOFF_ALT."""
        if Fault.TAKEOFF_ACKED_NOT_DONE in self.faults:
            return
        if not self.is_armed:
            self.intended = self.mode = Mode.TAKE_OFF
            return
        wanted_m = self.parameters["MIS_TAKEOFF_ALT"] if up_m is None else up_m
        self._choose(Mode.TAKE_OFF, TakeOff(self.model, max(wanted_m, self.model.up_m)))

    def hold(self) -> None:
        """Stop here."""
        self._choose(Mode.HOLD)

    def fly_by_sticks(self) -> None:
        """Position mode; a mode command hands back."""
        self._choose(Mode.POSITION)

    def fly_by_tilt(self) -> None:
        """Altitude mode: the sticks lean it."""
        self._choose(Mode.ALTITUDE)

    def may_choose(self, mode: Mode) -> bool:
        """Whether that mode can be flown now; unarmed, PX4 lets anybody choose any."""
        if not self.is_armed:
            return True
        is_blind = mode in NEEDS_POSITION and not self.has_position
        return not is_blind and (mode is not Mode.MISSION or bool(self.mission))

    def refuse(self, mode: Mode) -> None:
        """Say that this mode cannot be flown now."""
        self.say(_CRITICAL, f"Switching to {NAMES[mode]} is currently not available")

    def start_mission(self) -> None:
        """Start, or go on with the current item."""
        if not self.is_armed:
            self.intended = self.mode = Mode.MISSION
            return
        if not self.mission:
            return
        if reason := self.mission_fault():
            self.say(_ERROR, reason)
            return
        self._choose(Mode.MISSION)

    def reposition(
        self,
        point: GeoPoint | None,
        up_m: float,
        heading_deg: float | None,
        speed_m_s: float | None = None,
    ) -> None:
        """Go to a place (None: stay over this one) and hold there."""
        at = here(self.model)
        what = "Altitude change" if point is None else "Reposition"
        if not self._is_allowed(point, up_m, what):
            return
        place = self.frame.to_enu(point) if point is not None else at
        place = Enu(east_m=place.east_m, north_m=place.north_m, up_m=up_m)
        speed = self.cruise_m_s if speed_m_s is None else speed_m_s
        self._choose(Mode.HOLD, GoTo(self.model, place, speed, heading_deg))

    def orbit(
        self,
        centre: GeoPoint | None,
        up_m: float,
        *,
        radius_m: float | None = None,
        speed_m_s: float | None = None,
        faces_centre: bool = True,
    ) -> None:
        """Fly round a place; a negative radius goes anticlockwise."""
        if not self._is_allowed(centre, up_m, "Orbit"):
            return
        at = here(self.model)
        place = self.frame.to_enu(centre) if centre is not None else at
        self._choose(
            Mode.ORBIT,
            Orbit(
                self.model, Enu(east_m=place.east_m, north_m=place.north_m, up_m=up_m),
                radius_m or _ORBIT_RADIUS_M, speed_m_s or self.cruise_m_s, faces_centre,
            ),
        )  # fmt: skip

    def change_speed(self, speed_m_s: float) -> None:
        """From now on, in the mode that is flown too; 0 or less is MPC_XY_CRUISE."""
        wanted_m_s = speed_m_s if speed_m_s > 0.0 else self.parameters["MPC_XY_CRUISE"]
        speed_m_s = self.cruise_m_s = min(wanted_m_s, self.parameters["MPC_XY_VEL_MAX"])
        if isinstance(self._way, Orbit):
            self._way.speed_m_s = speed_m_s
        elif self.model.target is not None:
            self.model.target.speed_m_s = speed_m_s

    def return_home(self) -> None:
        """Climb to the return height, fly the way that RTL_TYPE says, land."""
        if not self.model.is_on_ground:
            self._choose(Mode.RETURN)

    def land(self) -> None:
        """Land here."""
        if not self.model.is_on_ground:
            self._choose(Mode.LAND)

    def _is_allowed(self, point: GeoPoint | None, up_m: float, what: str) -> bool:
        has_fence = self.parameters.whole("GF_ACTION") != 0
        if has_fence and not self.may_be_at(point or self.position, up_m):
            self.say(_CRITICAL, f"{what} is outside geofence")
            return False
        return True

    # --- time

    def step(self, duration_s: float, wall_s: float | None = None) -> None:
        """Move on by so many world seconds; what waits for people counts `wall_s`."""
        if Fault.BATTERY_LOW in self.faults:
            self.battery_pct = min(self.battery_pct, 12.0)
        is_unfixed = Fault.GNSS_LOST in self.faults
        self._unfixed_s = self._unfixed_s + duration_s if is_unfixed else 0.0
        self.model.is_powered = self.is_armed and self.battery_pct > 0.0
        self.model.step(duration_s)
        is_tilted = abs(self.model.tilt_deg()[0]) > self.parameters["FD_FAIL_R"]
        self._tilted_s = self._tilted_s + duration_s if is_tilted else 0.0
        if not self.is_armed:
            self.intended = self.mode
            return
        if self.is_flying:
            self.battery.drain(self.model.power_w, duration_s)
        else:
            self.battery.idle()
        self.follow_roi()
        reason = self._ground.stops(self, duration_s, duration_s if wall_s is None else wall_s)
        if reason:
            self._stop_motors(reason)
        else:
            self._react(duration_s)
            self._fly(duration_s)

    def _react(self, duration_s: float) -> None:
        self._had_sticks = self._had_sticks or self.sticks is not None
        failing = {}
        if self.is_flying or self.is_failsafe:  # a landing is not over at the first touch
            at = here(self.model)
            now = Situation(
                place=at, intended=self.intended, charge_pct=self.battery_pct,
                station_silent_s=self.station_silent_s,
                have_sticks_gone=self._had_sticks and self.sticks is None,
                has_position=self.has_position, has_fix=self._unfixed_s < _FUSION_STOPS_S,
                has_motor_failed=self.model.thrust_share <= _MOTOR_GONE_SHARE,
                has_lost_attitude=self._tilted_s > self.parameters["FD_FAIL_R_TTRI"],
            )  # fmt: skip
            failing = self._conditions.failing(now, self.fence)
        decision = self._failsafes.update(
            duration_s, failing, self.intended, can_hold=self.has_position,
            has_stick_moved=self._has_stick_moved(),
        )  # fmt: skip
        if decision.is_taken_by_sticks or (
            decision.action < Action.HOLD and self._may_take_over() and self._has_stick_moved()
        ):
            self.say(_INFO, "Pilot took over using sticks")
            self.intended = Mode.POSITION
        self.is_failsafe = decision.action >= Action.ALTITUDE
        if decision.action is Action.TERMINATE:
            self._stop_motors("failsafe")
            return
        wanted = MODE_OF.get(decision.action, self.intended)
        if wanted is not self.mode or (decision.is_new and self.is_failsafe):
            is_blind = decision.action is Action.DESCEND
            self._enter(wanted, Descend(self.model, self.parameters) if is_blind else None)

    def _may_take_over(self) -> bool:
        is_allowed = bool(self.parameters.whole("COM_RC_OVERRIDE") & 1)
        return is_allowed and self.intended not in BY_STICKS and self.is_flying

    def _has_stick_moved(self) -> bool:
        if self.sticks is None or not self._may_take_over():
            return False
        return self.sticks.asks_for_control(self.parameters["COM_RC_STICK_OV"])

    # --- modes

    def _choose(self, mode: Mode, way: Manoeuvre | None = None) -> None:
        """A person's choice; it ends the reactions that a mode command may end."""
        self.intended = mode
        self._failsafes.mode_was_chosen()
        self._enter(mode, way)

    def _enter(self, mode: Mode, way: Manoeuvre | None = None) -> None:
        is_on_mission = self.mode is Mode.MISSION
        self.mode = mode
        self.model.course = None
        self._way = way or self._way_of(mode, is_on_mission=is_on_mission)

    def _way_of(self, mode: Mode, *, is_on_mission: bool) -> Manoeuvre | None:
        model, parameters = self.model, self.parameters
        match mode:
            case Mode.MISSION:
                return MissionFlight(
                    model=model, parameters=parameters, state=self.plan, frame=self.frame,
                    deeds=self, reached=self.reached,
                )  # fmt: skip
            case Mode.RETURN:
                self.look_ahead()
                return way_home(self, is_on_mission=is_on_mission)
            case Mode.LAND:
                return Land(model, parameters)
            case Mode.POSITION | Mode.MANUAL:
                return BySticks(model, parameters, lambda: self.sticks)
            case Mode.ALTITUDE:
                return ByTilt(model, parameters, lambda: self.sticks)
            case _:
                return Hold(model) if self.is_flying else None

    def leave_mission(self, item: Item) -> None:
        """Return or land, because a mission's item says so."""
        mode = Mode.RETURN if item.command == RETURN else Mode.LAND
        self.intended = mode
        place = self.frame.to_enu(item.point) if item.point is not None else None
        way = Land(self.model, self.parameters, place, self.cruise_m_s) if place else None
        self._enter(mode, way)

    def _fly(self, duration_s: float) -> None:
        if self._way is None or not self._way.step(duration_s):
            return
        if self.mode is Mode.MISSION:
            self.say(_INFO, "Mission finished, loitering")
        if self.mode in (Mode.TAKE_OFF, Mode.MISSION):
            self.intended = Mode.HOLD
            self._enter(Mode.HOLD)
