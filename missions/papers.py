"""What a unit shows of itself: its certificate, aircraft, pilots and permits. None: not said."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from missions.law import AircraftClass
from patrol.clock import SHANGHAI


class Link(enum.StrEnum):
    """How the aircraft is controlled."""

    RADIO = "radio"
    PUBLIC_NETWORK = "public-network"  # 4G or 5G, or relayed over the internet


class RemoteId(enum.StrEnum):
    """How it sends its identification."""

    BUILT_IN = "built-in"
    RETROFIT = "retrofit"
    NONE = "none"


class PermitKind(enum.StrEnum):
    """What was applied for."""

    SINGLE = "SINGLE"
    LONG_TERM = "LONG_TERM"
    EMERGENCY = "EMERGENCY"


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    """The unit that flies."""

    name: str | None = None
    contact: str | None = None  # who is reached, and how
    certificate_no: str | None = None
    certificate_until: date | None = None
    is_commercial: bool | None = None
    notice: str | None = None  # where the public is told, and whom to call
    emergency_procedure: str | None = None
    remarks: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AircraftPapers:
    """One aircraft, as its documents have it; masses as flown on the next sortie."""

    name: str
    model: str | None = None
    registration_no: str | None = None
    product_id: str | None = None
    empty_mass_kg: float | None = None
    payload_mass_kg: float | None = None
    max_takeoff_kg: float | None = None
    max_speed_km_h: float | None = None
    max_height_m: float | None = None
    micro_power_radio: bool | None = None
    insurance_no: str | None = None
    insurance_until: date | None = None
    has_lights: bool | None = None
    remote_id: RemoteId | None = None
    link: Link | None = None
    drops_or_dangerous_goods: bool | None = None
    from_moving_vehicle: bool | None = None
    distributed_or_swarm: bool | None = None
    link_frequency: str | None = None
    link_bandwidth: str | None = None
    navigation: str | None = None
    surveillance: str | None = None
    transponder: str | None = None

    @property
    def takeoff_mass_kg(self) -> float | None:
        """Of this sortie: empty mass (with its batteries) and payload."""
        if self.empty_mass_kg is None or self.payload_mass_kg is None:
            return None
        return self.empty_mass_kg + self.payload_mass_kg


@dataclass(frozen=True, slots=True, kw_only=True)
class PilotPapers:
    """One pilot, under the name that the station knows."""

    person: str
    licence_no: str | None = None
    licence_classes: tuple[AircraftClass, ...] = ()
    licence_until: date | None = None
    training_no: str | None = None
    training_until: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Permit:
    """An approved flight activity, and what it is good for."""

    permit_id: str
    kind: PermitKind
    reasons: tuple[str, ...]  # articles that it answers, such as "31.2.1", "19", "61", "26"
    from_utc: datetime
    to_utc: datetime
    max_height_agl_m: float
    grids: tuple[str, ...] = ()  # code prefixes: a community's covers its grids
    zones: tuple[str, ...] = ()  # ids or names of zones that it opens
    decided_utc: datetime | None = None  # none: applied for only
    authority: str | None = None
    filed_days: tuple[date, ...] = ()  # of a long-term one: days whose flight plan was filed
    report_ref: str | None = None  # of the report before take-off, once confirmed
    report_day: date | None = None  # of that take-off; without it a permit of one day alone has one

    def is_reported(self, day: date) -> bool:
        """Whether a take-off on this day in Shanghai was reported and confirmed."""
        if not self.report_ref:
            return False
        if self.report_day is not None:
            return self.report_day == day
        last_moment = self.to_utc - timedelta(microseconds=1)
        days = {one.astimezone(SHANGHAI).date() for one in (self.from_utc, last_moment)}
        return days == {day}


@dataclass(frozen=True, slots=True, kw_only=True)
class Papers:
    """Everything in the unit's file; `sha256` is over the file as it was read."""

    sha256: str
    is_exercise: bool  # invented
    organisation: Organisation
    aircraft: Mapping[str, AircraftPapers] = field(default_factory=dict)
    pilots: Mapping[str, PilotPapers] = field(default_factory=dict)
    permits: tuple[Permit, ...] = ()
