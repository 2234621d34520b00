"""The vehicle port: one aircraft behind one verb, `do`, over a closed union of commands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from patrol.geo import GeoPoint
from patrol.plan import MissionPlan
from patrol.telemetry import TelemetrySample


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """Send mission and fence, read both back, compare item by item."""

    plan: MissionPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognise:
    """Read back what is on board and change nothing; done when it is this plan."""

    plan: MissionPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """Done when the heartbeat says armed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeOff:
    """Done when in the air at `height_above_home_m` within 1 m."""

    height_above_home_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StartMission:
    """Start, or resume at the break point; done when the mode says mission."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Stop here; done when the mode says hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LookAt:
    """Point the camera at a place on the ground while holding."""

    point: GeoPoint
    altitude_amsl_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class GoTo:
    """Fly there and hold; done when it stands there. It leaves the mission; start resumes it."""

    point: GeoPoint
    height_above_home_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StandOff:
    """Hold so far from a place, on the near side, and look at it; done when it does."""

    centre: GeoPoint
    altitude_amsl_m: float  # of what is looked at
    distance_m: float
    height_above_home_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Orbit:
    """Circle a place, nose inwards (radius above 0: clockwise); done when the mode says orbit."""

    centre: GeoPoint
    radius_m: float
    speed_m_s: float
    height_above_home_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeSpeed:
    """Done when it flies so fast; a speed cannot be seen while it stands."""

    speed_m_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeHeight:
    """Climb or sink here and hold; done within 1 m of it. It leaves the mission; start resumes."""

    height_above_home_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PointCamera:
    """Turn the gimbal: earth-fixed, pitch negative below the horizon; done when it points there."""

    pitch_deg: float
    bearing_true_deg: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnHome:
    """Done when the mode says return or land."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Land:
    """Land here; done when the mode says land, or it stands disarmed on the ground."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmKill:
    """First step of a kill: nothing happens to the aircraft. The asker makes up the token."""

    token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill:
    """Stop the motors NOW: it falls. Only with the token of an `ArmKill` of the last 10 s."""

    token: str


Command = (
    Upload | Recognise | Arm | TakeOff | StartMission | Hold | LookAt | GoTo | StandOff | Orbit
    | ChangeSpeed | ChangeHeight | PointCamera | ReturnHome | Land | ArmKill | Kill
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What an autopilot answers when asked before take-off; None where it did not answer."""

    autopilot: str | None = None  # "PX4 1.16.1"
    is_armable: bool | None = None
    parameters: dict[str, float | None] | None = None
    is_fence_confirmed: bool | None = None
    is_mission_confirmed: bool | None = None
    clock_off_s: float | None = None  # the autopilot's time of day minus ours, world seconds


class Vehicle(Protocol):
    """One aircraft. Facts (TelemetrySample, VehicleSaid) are published on the bus by `run`."""

    @property
    def vehicle_id(self) -> str:
        """Its configured name."""
        ...

    def latest(self) -> TelemetrySample | None:
        """The newest sample; None until the first."""
        ...

    async def run(self) -> None:
        """Keep the link and publish until cancelled; raises LinkLost only at first contact."""
        ...

    async def do(self, command: Command) -> None:
        """Carry out and confirm by state; CommandDenied with the autopilot's words, or LinkLost."""
        ...

    async def ask(self) -> Facts:
        """Read what pre-flight needs."""
        ...
