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
class ReturnHome:
    """Done when the mode says return or land."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Land:
    """Land here; done when the mode says land."""


Command = Upload | Arm | TakeOff | StartMission | Hold | LookAt | ReturnHome | Land


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What an autopilot answers when asked before take-off; None where it did not answer."""

    autopilot: str | None = None  # "PX4 1.16.1"
    is_armable: bool | None = None
    parameters: dict[str, float | None] | None = None
    is_fence_confirmed: bool | None = None
    is_mission_confirmed: bool | None = None


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
