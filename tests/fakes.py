"""Fakes that several floors use: a clock that moves when told, and an aircraft of plain Python."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import anyio

from patrol.bus import Bus
from patrol.errors import CommandDenied
from patrol.geo import GeoPoint
from patrol.plan import MissionPlan
from patrol.telemetry import Battery, Fix, FlightMode, Gnss, TelemetrySample, VelocityNed, Wind
from patrol.vehicle import (
    Arm,
    Command,
    Facts,
    Hold,
    Land,
    LookAt,
    Recognise,
    ReturnHome,
    StartMission,
    TakeOff,
    Upload,
)

HOME = GeoPoint(lat_deg=23.28, lon_deg=116.72)
START = datetime(2026, 11, 24, 1, 30, tzinfo=UTC)
GOOD_PARAMETERS: dict[str, float | None] = {
    "NAV_DLL_ACT": 2.0, "COM_DL_LOSS_T": 10.0, "COM_LOW_BAT_ACT": 3.0, "GF_ACTION": 3.0,
    "RTL_RETURN_ALT": 30.0, "RTL_TYPE": 0.0,
}  # fmt: skip
GOOD_FACTS = Facts(
    autopilot="1.16.1", is_armable=True, parameters=GOOD_PARAMETERS, is_fence_confirmed=True,
    is_mission_confirmed=True, clock_off_s=0.1,
)  # fmt: skip


def a_sample(**changes: object) -> TelemetrySample:
    """An aircraft that is fit to fly, with these things changed."""
    sample = TelemetrySample(
        vehicle_id="GP-1", time_utc=START, heard_at_s=0.0, position=HOME, altitude_amsl_m=42.0,
        height_above_home_m=30.0, velocity=VelocityNed(north_m_s=0, east_m_s=0, down_m_s=0),
        battery=Battery(charge_pct=100.0), gnss=Gnss(fix=Fix.THREE_D, satellites=14, hdop=0.8),
        wind=Wind(speed_m_s=2.0, from_deg_true=0.0),
        home=HOME, home_altitude_amsl_m=12.0, mode=FlightMode.HOLD, is_armed=True, is_in_air=True,
    )  # fmt: skip
    return replace(sample, **changes)  # type: ignore[arg-type]  # names are the test's business


class ManualClock:
    """World and wall clock in one; `sleep` moves it and lets others run."""

    speed = 1.0

    def __init__(self) -> None:
        self.now_s = 0.0

    def now_utc(self) -> datetime:
        return START + timedelta(seconds=self.now_s)

    def monotonic_s(self) -> float:
        return self.now_s

    async def sleep(self, duration_s: float) -> None:
        self.now_s += duration_s
        await anyio.lowlevel.checkpoint()


class FakeVehicle:
    """Obeys at once, remembers every command, and flies a waypoint each time it is asked."""

    vehicle_id = "GP-1"

    def __init__(self, clock: ManualClock, bus: Bus) -> None:
        self.clock = clock
        self.bus = bus
        self.commands: list[Command] = []
        self.denied: type | None = None
        self.facts = GOOD_FACTS
        self.plan: MissionPlan | None = None
        self.is_frozen = False  # on a mission, but not getting on
        self.is_unheard = False  # since the station started
        self._sample = a_sample(
            is_armed=False, is_in_air=False, height_above_home_m=0.0, mode=FlightMode.READY
        )
        self._looks = 0

    def latest(self) -> TelemetrySample | None:
        if self.is_unheard:
            return None
        sample = self._sample
        if sample.mode is FlightMode.MISSION and not self.is_frozen:
            self._looks += 1
            if self._looks % 3 == 0:
                sample = replace(sample, mission_item=(sample.mission_item or 0) + 1)
        elif sample.mode in (FlightMode.RETURN, FlightMode.LAND):
            sample = replace(sample, is_in_air=False, is_armed=False)
        self._sample = replace(sample, heard_at_s=self.clock.now_s)
        return self._sample

    async def run(self) -> None:
        await anyio.sleep_forever()

    async def ask(self) -> Facts:
        return self.facts

    async def do(self, command: Command) -> None:
        self.commands.append(command)
        if self.denied is not None and isinstance(command, self.denied):
            raise CommandDenied(type(command).__name__, "the autopilot's own words")
        changes: dict[type, dict[str, object]] = {
            Arm: {"is_armed": True},
            TakeOff: {"is_in_air": True, "mode": FlightMode.TAKE_OFF, "height_above_home_m": 30.0},
            StartMission: {
                "mode": FlightMode.MISSION,
                "mission_item": self._sample.mission_item or 0,
            },
            Hold: {"mode": FlightMode.HOLD},
            ReturnHome: {"mode": FlightMode.RETURN},
            Land: {"mode": FlightMode.LAND},
        }
        if isinstance(command, Recognise):
            if self.plan is None or self.plan.digest != command.plan.digest:
                raise CommandDenied("recognise mission", "something else is on board")
        elif isinstance(command, Upload):
            self.plan = command.plan
        elif not isinstance(command, LookAt):
            self._sample = replace(self._sample, **changes[type(command)])  # type: ignore[arg-type]

    def drift_into(self, mode: FlightMode) -> None:
        """A mode that nobody here asked for: the pilot's sticks or a fail-safe."""
        self._sample = replace(self._sample, mode=mode)
