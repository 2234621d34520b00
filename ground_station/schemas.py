"""The bodies of the HTTP API, checked at the door."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

from patrol.cause import Cause, Role
from patrol.declaration import Declaration


class ByPerson(BaseModel):
    """Who asks, and under which role."""

    model_config = ConfigDict(extra="forbid")

    person: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]
    role: Role
    is_automatic: bool = Field(default=False, description="a named auto-operator, exercise only")

    @field_validator("role")
    @classmethod
    def _a_persons_role(cls, role: Role) -> Role:
        if role is Role.SYSTEM:
            raise ValueError("the system's own role is taken by nobody")
        return role

    def cause(self, request_id: str) -> Cause:
        """The cause that goes with everything this request does."""
        return Cause(
            actor=self.person,
            role=self.role,
            request_id=request_id,
            is_automatic=self.is_automatic,
        )


class DismissBody(ByPerson):
    """A false alarm and why."""

    reason: str = Field(min_length=1, max_length=300)


class EscalateBody(ByPerson):
    """Why the grid is to take it over."""

    reason: str = Field(min_length=1, max_length=300)


class AnnounceBody(ByPerson):
    """Which approved words to release."""

    template: str = Field(pattern=r"^T\d{2}$")
    repeat: int = Field(default=1, ge=1, le=2, strict=True, description="how often, one by one")


class OfAircraft(ByPerson):
    """Of which aircraft; it may be left out where there is only one."""

    aircraft: str | None = Field(default=None, min_length=1, max_length=40)


class PlanBody(OfAircraft):
    """Which grid to patrol, from whose home."""

    grid_code: str = Field(min_length=1, max_length=64)


class ApproveBody(ByPerson):
    """The digest the person has looked at."""

    digest: str = Field(pattern=r"^[0-9a-f]{64}$")


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

    def declared(self, at_utc: datetime) -> Declaration | None:
        """The declaration under the name of the one who launches."""
        if self.declaration is None:
            return None
        return Declaration(
            by=self.person,
            at_utc=at_utc,
            remote_id_ok=self.declaration.remote_id_ok,
            weather=self.declaration.weather,
            terrain=self.declaration.terrain,
            on_ground=tuple(self.declaration.on_ground),
            is_automatic=self.is_automatic,
        )
