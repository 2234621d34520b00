"""The bodies of the HTTP API, checked at the door."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from missions.request import Task
from patrol.cause import Cause, Role
from patrol.declaration import Declaration
from patrol.geo import GeoPoint
from patrol.pattern import Pattern


class UnderRole(BaseModel):
    """Under which of the caller's roles it is asked; who asks is known from the sign-in."""

    model_config = ConfigDict(extra="forbid")

    role: Role | None = Field(
        default=None, description="none: the first of the caller's roles that may"
    )


class DismissBody(UnderRole):
    """A false alarm and why."""

    reason: str = Field(min_length=1, max_length=300)


class EscalateBody(UnderRole):
    """Why the grid is to take it over."""

    reason: str = Field(min_length=1, max_length=300)


class ReasonBody(UnderRole):
    """Why a mission is given up."""

    reason: str = Field(min_length=1, max_length=300)


class AnnounceBody(UnderRole):
    """Which approved words to release."""

    template: str = Field(pattern=r"^T\d{2}$")
    values: dict[
        Annotated[str, StringConstraints(max_length=8)],
        Annotated[str, StringConstraints(max_length=40)],
    ] = Field(default_factory=dict, max_length=8, description="Chinese slot name: Chinese value")
    language: Literal["zh", "en"] = "zh"
    repeat: int = Field(default=1, ge=1, le=2, strict=True, description="how often, one by one")


class OfAircraft(UnderRole):
    """Of which aircraft; it may be left out where there is only one."""

    aircraft: str | None = Field(default=None, min_length=1, max_length=40)


class AnnounceBelowBody(AnnounceBody, OfAircraft):
    """Which approved words to release to whoever is below which aircraft."""


class PlaceBody(BaseModel):
    """WGS-84 degrees; a place in GCJ-02 is half a kilometre away from where it was meant."""

    model_config = ConfigDict(extra="forbid")

    lat_deg: float = Field(ge=-90.0, le=90.0, allow_inf_nan=False)
    lon_deg: float = Field(ge=-180.0, le=180.0, allow_inf_nan=False)

    def point(self) -> GeoPoint:
        """As the house has it."""
        return GeoPoint(lat_deg=self.lat_deg, lon_deg=self.lon_deg)


class PlanBody(OfAircraft):
    """Which grid to patrol, how, and from whose home."""

    grid_code: str = Field(min_length=1, max_length=64)
    pattern: Pattern = Pattern.BOUNDARY
    places: list[PlaceBody] = Field(
        default_factory=list,
        max_length=200,
        description="points, hold, orbit: what to look at (none: the grid's special sites, or its "
        "middle); corridor: the line, two places or more",
    )
    spacing_m: float | None = Field(
        default=None, gt=0.0, le=2000.0, description="between lanes; none: from the lens"
    )
    hold_s: float | None = Field(default=None, gt=0.0, le=3600.0, description="at each place")
    radius_m: float | None = Field(
        default=None, gt=0.0, le=2000.0, description="orbit; never less than the stand-off"
    )
    width_m: float = Field(default=0.0, ge=0.0, le=2000.0, description="corridor; 0: the line once")

    def task(self) -> Task:
        """As the planner takes it."""
        return Task(
            pattern=self.pattern,
            places=tuple(place.point() for place in self.places),
            spacing_m=self.spacing_m,
            hold_s=self.hold_s,
            radius_m=self.radius_m,
            width_m=self.width_m,
        )


class DeclarationBody(BaseModel):
    """What the person who launches has looked at, and no message tells."""

    model_config = ConfigDict(extra="forbid")

    remote_id_ok: bool = Field(description="the operational identification sends")
    weather: str = Field(max_length=200, description="what you see, such as: clear, 3 m/s")
    terrain: str = Field(
        default="",
        max_length=200,
        description="what you know of the relief and the obstacles below the route, such as: flat, "
        "no mast above 15 m; heights count from home and nothing else clears them",
    )
    on_ground: list[Annotated[str, Field(min_length=1, max_length=40)]] = Field(
        default_factory=list,
        max_length=50,
        description="aircraft of this station that are not heard and that you see on the ground; "
        "until then nobody knows whether they fly",
    )


class LaunchBody(OfAircraft):
    """Which approved plan to fly; without an aircraft by the one that it was made for."""

    plan_id: str = Field(min_length=1, max_length=64)
    declaration: DeclarationBody | None = Field(
        default=None, description="without it a live flight is refused before take-off"
    )

    def declared(self, cause: Cause, at_utc: datetime) -> Declaration | None:
        """The declaration under the name of the one who launches."""
        if self.declaration is None:
            return None
        return Declaration(
            by=cause.actor,
            at_utc=at_utc,
            remote_id_ok=self.declaration.remote_id_ok,
            weather=self.declaration.weather,
            terrain=self.declaration.terrain,
            on_ground=tuple(self.declaration.on_ground),
            is_automatic=cause.is_automatic,
        )


class SignInBody(BaseModel):
    """By password."""

    model_config = ConfigDict(extra="forbid")

    login: str = Field(min_length=1, max_length=64)
    password: str = Field(min_length=1, max_length=200)
    is_shared: bool = Field(
        default=False, description="several people act here, each under a PIN of their own"
    )


class LinkBody(BaseModel):
    """By the one-time link of an exercise."""

    model_config = ConfigDict(extra="forbid")

    key: str = Field(min_length=1, max_length=100)


class PasswordBody(BaseModel):
    """A password of one's own."""

    model_config = ConfigDict(extra="forbid")

    old: str = Field(min_length=1, max_length=200)
    new: str = Field(min_length=1, max_length=200)


class PinBody(BaseModel):
    """A PIN of one's own, for shared consoles."""

    model_config = ConfigDict(extra="forbid")

    password: str = Field(min_length=1, max_length=200)
    pin: str = Field(min_length=1, max_length=12)


class SeatBody(BaseModel):
    """Somebody sits down at a shared console under a role."""

    model_config = ConfigDict(extra="forbid")

    login: str = Field(min_length=1, max_length=64)
    pin: str = Field(min_length=1, max_length=12)
    role: Role
