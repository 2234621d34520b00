"""What is failing just now, with the reaction that the parameters give it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from patrol.geo import Enu, LocalFrame
from sim.failsafes import Action, Cause, Reaction, Takeover
from sim.fence import Fence
from sim.modes import Mode
from sim.parameters import Parameters

_EMERGENCY, _CRITICAL, _WARNING, _INFO = 0, 2, 4, 6  # MAV_SEVERITY
_DLL_EXCEPT = {Mode.MISSION: 1, Mode.HOLD: 2, Mode.TAKE_OFF: 2, Mode.ORBIT: 2}
_BATTERY_TEXTS = {
    Cause.BATTERY_LOW: "Low battery",
    Cause.BATTERY_CRITICAL: "Critical battery",
    Cause.BATTERY_EMERGENCY: "Emergency battery level",
}
_FENCE_TEXT = "Geofence: approaching or outside geofence"
_FENCE_HIGH_TEXT = "Geofence: exceeding maximum altitude above Home"
_FENCE_FAR_TEXT = "Geofence: exceeding maximum distance to Home"
_MOTOR_TEXT = "Preflight Fail: Motor failure detected"  # in flight too
_ATTITUDE_TEXT = "Preflight Fail: Attitude failure (roll)"
_MAY_NOT_TERMINATE = 121212  # CBRK_FLIGHTTERM


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What the autopilot knows at one moment."""

    place: Enu  # as it believes it, height above home
    intended: Mode
    charge_pct: float
    station_silent_s: float | None  # wall seconds; None: no ground station was ever heard
    have_sticks_gone: bool
    has_position: bool
    has_fix: bool = True
    has_motor_failed: bool = False
    has_lost_attitude: bool = False


@dataclass(slots=True, kw_only=True)
class Conditions:
    """Says each condition once when it begins, and the link's end as well."""

    parameters: Parameters
    say: Callable[[int, str], None]
    frame: LocalFrame
    _said: set[str] = field(default_factory=set)

    def failing(self, now: Situation, fence: Fence) -> dict[Cause, Reaction]:
        """Every cause, gravest or not; the fail-safes choose."""
        found: dict[Cause, Reaction] = {}
        self._link(now, found)
        if now.have_sticks_gone and not _is_excepted(
            now.intended, self.parameters.whole("COM_RCL_EXCEPT")
        ):
            found[Cause.STICKS_GONE] = _by_link_action(self.parameters.whole("NAV_RCL_ACT"))
        self._fence(now, fence, found)
        self._battery(now.charge_pct, found)
        self._position(now, found)
        self._body(now, found)
        return {cause: r for cause, r in found.items() if r.action is not Action.NONE}

    def forget(self) -> None:
        """A new flight."""
        self._said.clear()

    def _link(self, now: Situation, found: dict[Cause, Reaction]) -> None:
        silent_s = now.station_silent_s
        is_lost = silent_s is not None and silent_s >= self.parameters["COM_DL_LOSS_T"]
        if self._tell(is_lost, _INFO, "Connection to ground station lost") is False:
            self.say(_INFO, "GCS connection regained")
        is_excepted = now.intended is Mode.LAND or _is_excepted(
            now.intended, self.parameters.whole("COM_DLL_EXCEPT")
        )
        if is_lost and not is_excepted:
            found[Cause.STATION_SILENT] = _by_link_action(self.parameters.whole("NAV_DLL_ACT"))

    def _fence(self, now: Situation, fence: Fence, found: dict[Cause, Reaction]) -> None:
        action = self.parameters.whole("GF_ACTION")
        far_m, high_m = self.parameters["GF_MAX_HOR_DIST"], self.parameters["GF_MAX_VER_DIST"]
        is_out = not fence.allows(self.frame.to_geo(now.place))
        is_far = far_m > 0.0 and math.hypot(now.place.east_m, now.place.north_m) > far_m
        is_high = high_m > 0.0 and now.place.up_m > high_m
        if action == 0 or not now.has_position:
            return
        self._tell(is_out, _CRITICAL, _FENCE_TEXT)
        self._tell(is_far, _CRITICAL, _FENCE_FAR_TEXT)
        self._tell(is_high, _CRITICAL, _FENCE_HIGH_TEXT)
        if is_out or is_far or is_high:
            found[Cause.FENCE] = _by_fence_action(action)

    def _position(self, now: Situation, found: dict[Cause, Reaction]) -> None:
        if self._tell(not now.has_fix, _WARNING, "GNSS data fusion stopped") is False:
            self.say(_INFO, "GNSS data fusion started")
        if now.has_position or now.intended in (Mode.MANUAL, Mode.ALTITUDE):
            return
        is_by_sticks = now.intended is Mode.POSITION and (
            self.parameters.whole("COM_POSCTL_NAVL") == 0
        )
        action = Action.ALTITUDE if is_by_sticks else Action.DESCEND
        found[Cause.POSITION_LOST] = Reaction(action=action, is_delayed=False)

    def _body(self, now: Situation, found: dict[Cause, Reaction]) -> None:
        """Motors and attitude. PX4 ships with flight termination off: it only says so."""
        self._tell(now.has_motor_failed, _CRITICAL, _MOTOR_TEXT)
        self._tell(now.has_lost_attitude, _CRITICAL, _ATTITUDE_TEXT)
        if now.has_motor_failed:
            found[Cause.MOTOR] = _by_motor_action(self.parameters.whole("COM_ACT_FAIL_ACT"))
        if now.has_lost_attitude:
            is_off = self.parameters.whole("CBRK_FLIGHTTERM") == _MAY_NOT_TERMINATE
            found[Cause.ATTITUDE] = Reaction(action=Action.WARN) if is_off else _TERMINATION

    def _battery(self, charge_pct: float, found: dict[Cause, Reaction]) -> None:
        share, action = charge_pct / 100.0, self.parameters.whole("COM_LOW_BAT_ACT")
        if share < self.parameters["BAT_EMERGEN_THR"]:
            cause, does = Cause.BATTERY_EMERGENCY, Action.WARN if action == 0 else Action.LAND
        elif share < self.parameters["BAT_CRIT_THR"]:
            critical = {2: Action.LAND, 3: Action.RETURN}
            cause, does = Cause.BATTERY_CRITICAL, critical.get(action, Action.WARN)
        elif share < self.parameters["BAT_LOW_THR"]:
            cause, does = Cause.BATTERY_LOW, Action.WARN
        else:
            return
        self._tell(True, _EMERGENCY, _BATTERY_TEXTS[cause])
        found[cause] = Reaction(action=does)

    def _tell(self, is_so: bool, severity: int, text: str) -> bool | None:  # noqa: FBT001
        """Say it when it begins: True. False when it has just ended, None when nothing changed."""
        if is_so == (text in self._said):
            return None
        if is_so:
            self._said.add(text)
            self.say(severity, text)
        else:
            self._said.discard(text)
        return is_so


def _is_excepted(intended: Mode, mask: int) -> bool:
    return bool(_DLL_EXCEPT.get(intended, 0) & mask)


_TERMINATION = Reaction(
    action=Action.TERMINATE, takeover=Takeover.NEVER, ends_with_cause=False, is_delayed=False
)


def _by_motor_action(action: int) -> Reaction:
    """COM_ACT_FAIL_ACT: 0 warn, 1 hold, 2 land, 3 return, 4 terminate."""
    if action == 4:
        return _TERMINATION
    actions = {1: Action.HOLD, 2: Action.LAND, 3: Action.RETURN}
    found = actions.get(action, Action.WARN)
    return Reaction(action=found, ends_with_cause=found in (Action.WARN, Action.HOLD))


def _by_link_action(action: int) -> Reaction:
    """NAV_DLL_ACT and NAV_RCL_ACT: 0 nothing, 1 hold, 2 return, 3 land, 5 terminate, 6 disarm."""
    if action in (5, 6):
        return _TERMINATION
    actions = {1: Action.HOLD, 2: Action.RETURN, 3: Action.LAND}
    return Reaction(action=actions.get(action, Action.NONE), ends_with_cause=False)


def _by_fence_action(action: int) -> Reaction:
    """GF_ACTION: 1 warn, 2 hold, 3 return, 4 terminate, 5 land."""
    if action == 2:
        return Reaction(
            action=Action.HOLD, ends_with_cause=False, takeover=Takeover.MODE_ONLY,
            is_delayed=False,
        )  # fmt: skip
    if action == 4:
        return _TERMINATION
    actions = {3: Action.RETURN, 5: Action.LAND}
    return Reaction(action=actions.get(action, Action.WARN), ends_with_cause=False)
