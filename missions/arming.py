"""Arms an aircraft that has passed its checks, and gives it the time that it may still need."""

from __future__ import annotations

from typing import Any, Protocol

from missions.launch_call import LaunchCall
from patrol.clock import WallClock
from patrol.errors import CommandDenied
from patrol.vehicle import Arm, Vehicle

_WITHIN_S, _AGAIN_S = 6.0, 1.0  # wall; our heartbeats come once a second


class Tell(Protocol):
    """Tells the sortie's story."""

    def __call__(self, name: str, **fields: Any) -> None:  # noqa: ANN401  # JSON values
        """One event."""
        ...


async def arm_patiently(vehicle: Vehicle, wall: WallClock, tell: Tell, launch: LaunchCall) -> None:
    """Arm, trying for a while; CommandDenied with the last refusal, Refused once called off.

    PX4 with a link-loss action set arms only once it has counted our heartbeats, and its refusal
    ("Resolve system health failures first") does not name that: so every refusal of an aircraft
    that was ready a moment ago is taken for one that may pass. The first is told.
    """
    give_up_s = wall.monotonic_s() + _WITHIN_S
    is_told = False
    while True:
        launch.require_wanted()
        try:
            await vehicle.do(Arm())
            launch.require_wanted()
            return
        except CommandDenied as error:
            if wall.monotonic_s() >= give_up_s:
                raise
            if not is_told:
                tell(
                    "arming.waits",
                    reason=str(error),
                    reason_zh=error.text_zh,
                    within_s=_WITHIN_S,
                )
            is_told = True
        await wall.sleep(_AGAIN_S)
