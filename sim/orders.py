"""The orders to fly among MAVLink's commands, answered as PX4 does: an ACK is not a deed."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from patrol.geo import GeoPoint
from sim.autopilot import Autopilot
from sim.faults import Fault
from sim.modes import Mode
from sim.whole import whole

ACCEPTED, TEMPORARILY_REJECTED, DENIED, UNSUPPORTED = 0, 1, 2, 3  # MAV_RESULT
_FORCE_DISARM = 21196
_ALTITUDE, _POSITION, _AUTO = 2, 3, 4  # PX4's main modes
_SUB_MODES = {2: Mode.TAKE_OFF, 3: Mode.HOLD, 4: Mode.MISSION, 5: Mode.RETURN, 6: Mode.LAND}
_CUSTOM, _OF_AUTO = 1, 4  # MAV_MODE_FLAG
_CHANGE_MODE = 1  # MAV_DO_REPOSITION_FLAGS
_FACES_CENTRE = 0  # ORBIT_YAW_BEHAVIOUR_HOLD_FRONT_TO_CIRCLE_CENTER
_CRITICAL, _INFO = 2, 6  # MAV_SEVERITY
_IS_TOLD = 190  # MAV_COMP_ID_MISSIONPLANNER: PX4 tells no other why a mode is refused

Params = Sequence[float]


class Orders:
    """One aircraft's; `params` are the seven of a COMMAND_LONG."""

    def __init__(self, pilot: Autopilot, home_amsl_m: float) -> None:
        self._pilot = pilot
        self._home_amsl_m = home_amsl_m

    def deeds(self) -> dict[int, Callable[[Params], int]]:
        """By MAV_CMD: carry out, and say the result."""
        pilot = self._pilot
        return {
            20: lambda _: self._announced(Mode.RETURN, pilot.return_home, "Returning to launch"),
            21: lambda _: self._announced(Mode.LAND, pilot.land, "Landing at current position"),
            22: self._take_off,
            34: self._orbit,
            178: self._change_speed,
            185: self._terminate,
            186: self._change_height,
            192: self._reposition,
            246: self._restart,
            300: self._start_mission,
            400: self._arm,
        }

    def above_home_m(self, amsl_m: float) -> float:
        """Height above home of an altitude."""
        return amsl_m - self._home_amsl_m

    def set_mode(self, base: float, main: float, sub: float, component: int) -> int:
        """DO_SET_MODE and SET_MODE, in PX4's own modes."""
        flags, main, sub = whole(base), whole(main), whole(sub)
        if not flags & _CUSTOM:
            main, sub = (_AUTO, 4) if flags & _OF_AUTO else (0, 0)
        pilot = self._pilot
        if main == _POSITION:
            return self._choose(Mode.POSITION, pilot.fly_by_sticks)
        if main == _ALTITUDE:
            return self._choose(Mode.ALTITUDE, pilot.fly_by_tilt)
        mode = _SUB_MODES.get(sub or 4) if main == _AUTO else None
        deeds: dict[Mode, Callable[[], None]] = {
            Mode.HOLD: pilot.hold, Mode.MISSION: pilot.start_mission,
            Mode.RETURN: pilot.return_home, Mode.LAND: pilot.land, Mode.TAKE_OFF: pilot.take_off,
        }  # fmt: skip
        if mode is None:
            if main == _AUTO:
                pilot.say(_CRITICAL, "Unsupported auto mode")
            return TEMPORARILY_REJECTED
        return self._choose(mode, deeds[mode], is_told=component == _IS_TOLD)

    def _choose(self, mode: Mode, deed: Callable[[], None], *, is_told: bool = True) -> int:
        if not self._pilot.may_choose(mode):
            if is_told:
                self._pilot.refuse(mode)
            return TEMPORARILY_REJECTED
        deed()
        return ACCEPTED

    def _announced(self, mode: Mode, deed: Callable[[], None], text: str) -> int:
        """As PX4: the command is told of, the same mode chosen by SET_MODE is not."""
        result = self._choose(mode, deed)
        if result == ACCEPTED:
            self._pilot.say(_INFO, text)
        return result

    def _arm(self, params: Params) -> int:
        asked = whole(params[0], else_=-1)
        if asked not in (0, 1):
            self._pilot.say(_CRITICAL, f"Unsupported ARM_DISARM param: {params[0]:.3f}")
            return UNSUPPORTED
        if asked == 1:
            return ACCEPTED if self._pilot.arm() else TEMPORARILY_REJECTED
        if whole(params[1]) == _FORCE_DISARM:
            self._pilot.kill()
            return ACCEPTED
        return ACCEPTED if self._pilot.disarm() else TEMPORARILY_REJECTED

    def _take_off(self, params: Params) -> int:
        up_m = params[6] - self._home_amsl_m
        # Many senders leave 0 there; PX4 would not sink for it.
        wanted_m = up_m if math.isfinite(up_m) and up_m > 0.0 else None
        return self._choose(Mode.TAKE_OFF, lambda: self._pilot.take_off(wanted_m))

    def _start_mission(self, params: Params) -> int:
        """MISSION_START arms too. The first item to fly may be named."""
        pilot = self._pilot
        if not pilot.mission:
            pilot.say(_CRITICAL, "Mission start denied! No valid mission")
            return DENIED
        if not -1.0 <= params[0] < len(pilot.mission):
            return DENIED
        if not pilot.arm() or not pilot.may_choose(Mode.MISSION):
            pilot.refuse(Mode.MISSION)
            return TEMPORARILY_REJECTED
        if params[0] > 0.0:
            pilot.current = int(params[0])
        pilot.start_mission()
        return ACCEPTED

    def _change_speed(self, params: Params) -> int:
        self._pilot.change_speed(params[1] if params[1] > 0.0 else 0.0)
        return ACCEPTED

    def _change_height(self, params: Params) -> int:
        if not self._pilot.may_choose(Mode.HOLD):
            self._pilot.refuse(Mode.HOLD)
            return TEMPORARILY_REJECTED
        if self._is_up():
            self._pilot.reposition(None, self._up_m(params[0]), None)
        return ACCEPTED

    def _reposition(self, params: Params) -> int:
        if whole(params[1]) != _CHANGE_MODE:
            return UNSUPPORTED
        if not self._pilot.may_choose(Mode.HOLD):
            self._pilot.refuse(Mode.HOLD)
            return TEMPORARILY_REJECTED
        if self._is_up():
            heading = math.degrees(params[3]) % 360.0 if math.isfinite(params[3]) else None
            speed = self._speed_m_s(params[0])
            self._pilot.reposition(place(params), self._up_m(params[6]), heading, speed)
        return ACCEPTED

    def _orbit(self, params: Params) -> int:
        if not self._is_up() or not self._pilot.may_choose(Mode.ORBIT):
            self._pilot.say(_CRITICAL, "Orbit command rejected")
            return TEMPORARILY_REJECTED
        self._pilot.orbit(
            place(params),
            self._up_m(params[6]),
            radius_m=params[0] if math.isfinite(params[0]) else None,
            speed_m_s=self._speed_m_s(params[1]),
            faces_centre=whole(params[2], else_=_FACES_CENTRE) == _FACES_CENTRE,
        )
        return ACCEPTED

    def _terminate(self, params: Params) -> int:
        if not self._pilot.is_armed or not params[0] > 0.5:
            return DENIED
        self._pilot.kill()
        return ACCEPTED

    def _restart(self, params: Params) -> int:
        """PREFLIGHT_REBOOT_SHUTDOWN: 0 is nothing, 1 a restart; never while armed."""
        asked = whole(params[0])
        if asked not in (0, 1) or (asked == 1 and self._pilot.is_armed):
            return DENIED
        if asked == 1:
            self._pilot.faults.add(Fault.REBOOT)
        return ACCEPTED

    def _is_up(self) -> bool:
        return self._pilot.is_armed and self._pilot.is_flying

    def _speed_m_s(self, wanted_m_s: float) -> float | None:
        """None for one that is none."""
        most_m_s = self._pilot.parameters["MPC_XY_VEL_MAX"]
        return min(wanted_m_s, most_m_s) if wanted_m_s > 0.0 else None

    def _up_m(self, amsl_m: float) -> float:
        return self.above_home_m(amsl_m) if math.isfinite(amsl_m) else self._pilot.model.up_m


def place(params: Params) -> GeoPoint | None:
    """Parameters 5 and 6; None when there is no such place: the one where it is."""
    lat_deg, lon_deg = params[4], params[5]
    if not (abs(lat_deg) <= 90.0 and abs(lon_deg) <= 180.0):
        return None
    return GeoPoint(lat_deg=lat_deg, lon_deg=lon_deg)
