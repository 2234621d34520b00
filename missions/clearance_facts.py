"""What a clearance is decided from. Nothing is looked up here: whoever asks has gathered it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from missions.airspace import Airspace
from missions.law import AircraftClass, Law
from missions.papers import AircraftPapers, Papers, Permit
from patrol.camera import CameraLens
from patrol.cause import Role
from patrol.clock import SHANGHAI
from patrol.plan import Finding, MissionPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearanceFacts:
    """The plan, who flies it with what and when, and what is known of the airspace.

    `zones` are the airspace findings about the plan and what its camera would show, and `opened`
    names each zone that it meets and a permit opens, with the permit's id:
    `missions.permits.with_airspace` adds both.
    """

    plan: MissionPlan
    aircraft_name: str
    papers: Papers | None
    airspace: Airspace | None
    takeoff_utc: datetime
    asked_utc: datetime
    zones: tuple[Finding, ...] = ()
    opened: Mapping[str, str] = field(default_factory=dict)
    pilot: str = ""  # empty: not known yet, any of the papers may
    crew: Mapping[Role, str] | None = None  # who is on duty; none: nobody knows
    noise_basis: str = ""  # what allows high volume there and then
    lens: CameraLens | None = None  # none: what the picture shows was asked when it was planned
    is_launch: bool = False  # the motors are next: what may still be done later is due now
    used: tuple[str, ...] = ()  # permits that the other rules rest on

    @property
    def aircraft(self) -> AircraftPapers | None:
        """The papers of the aircraft that flies."""
        return self.papers.aircraft.get(self.aircraft_name) if self.papers else None

    @property
    def permits(self) -> tuple[Permit, ...]:
        """All that the unit has."""
        return self.papers.permits if self.papers else ()

    @property
    def landing_utc(self) -> datetime:
        """When it is down at the latest: the route, and the longest look at a crowd."""
        look_s = self.plan.look_hold.longest_s if self.plan.look_hold else 0.0
        return self.takeoff_utc + timedelta(seconds=self.plan.duration_s + look_s)

    @property
    def last_day(self) -> date:
        """The day in Shanghai on which it lands: papers are valid to the end of their last day."""
        return self.landing_utc.astimezone(SHANGHAI).date()

    @property
    def highest_agl_m(self) -> float:
        """The greatest height that the plan flies or comes home at."""
        return self.plan.highest_true_m


def class_of(papers: AircraftPapers, law: Law) -> AircraftClass | None:
    """Art. 62 by the masses of this sortie; None where a figure that decides it is missing.

    The maximum that it is built for counts too: flown light, it stays what it is.
    """
    if class_lacks(papers):
        return None
    mass_kg = max(papers.takeoff_mass_kg or 0.0, papers.max_takeoff_kg or 0.0)
    empty_kg, speed_km_h = papers.empty_mass_kg or 0.0, papers.max_speed_km_h or 0.0
    for limits in law.classes:
        if limits.needs_micro_power and not papers.micro_power_radio:
            continue
        if limits.empty_below_kg is not None and empty_kg >= limits.empty_below_kg:
            continue
        within = (
            (empty_kg, limits.empty_max_kg), (mass_kg, limits.takeoff_max_kg),
            (speed_km_h, limits.speed_max_km_h), (papers.max_height_m, limits.height_max_m),
        )  # fmt: skip
        if all(
            limit is None or (figure is not None and figure <= limit) for figure, limit in within
        ):
            return limits.kind
    return None


def class_lacks(papers: AircraftPapers) -> tuple[str, ...]:
    """The figures without which nobody knows the class."""
    needed = ("empty_mass_kg", "payload_mass_kg", "max_takeoff_kg", "max_speed_km_h")
    return tuple(name for name in needed if getattr(papers, name) is None)
