"""Taking off, landing, and the two moments at which PX4 stops the motors by itself."""

from __future__ import annotations

from dataclasses import dataclass

from sim.craft import Craft
from sim.modes import Mode

_SPOOL_UP_S = 1.0  # before COM_DISARM_PRFLT begins to count: 11 s in all, as measured
_FLYING_M = 0.3
_INFO = 6  # MAV_SEVERITY


@dataclass(slots=True)
class GroundWatch:
    """Watches one aircraft that is armed."""

    takeoff_count: int = 0
    _was_flying: bool = False
    _landed_s: float = 0.0
    _idle_s: float = 0.0

    def begin(self) -> None:
        """It was armed."""
        self._landed_s = self._idle_s = 0.0

    def stops(self, craft: Craft, duration_s: float, wall_s: float) -> str:
        """Why the motors stop now; empty while they run. Waiting for a person counts wall time."""
        if not self._was_flying and craft.model.height_agl_m > _FLYING_M:
            self._was_flying = True
            self.takeoff_count += 1
            craft.say(_INFO, "Takeoff detected")
        if craft.is_flying:
            self._landed_s = self._idle_s = 0.0
            return ""
        if not self._was_flying:
            return self._idle(craft, wall_s)
        self._landed_s += duration_s
        if self._landed_s <= craft.parameters["COM_DISARM_LAND"]:
            return ""
        self._was_flying = False
        craft.say(_INFO, "Landing detected")
        return "landing"

    def _idle(self, craft: Craft, wall_s: float) -> str:
        if craft.mode is Mode.TAKE_OFF:
            return ""
        self._idle_s += wall_s
        limit_s = craft.parameters["COM_DISARM_PRFLT"]
        return "auto preflight disarming" if 0.0 < limit_s < self._idle_s - _SPOOL_UP_S else ""
