"""The unit's papers (TOML): its certificate, aircraft, pilots and permits. docs/clearance.md.

What is left out is None, and a finding of the clearance; what is wrong is a ConfigError here.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from ground_station.file_problems import problems_of
from missions.law import AircraftClass
from missions.papers import (
    AircraftPapers,
    Link,
    Organisation,
    Papers,
    Permit,
    PermitKind,
    PilotPapers,
    RemoteId,
)
from patrol.clock import believable
from patrol.errors import ConfigError

EXERCISE_PAPERS_FILE = Path(__file__).parent / "data" / "papers_exercise.toml"
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
Figure = Annotated[float, Field(ge=0.0, le=100_000.0, allow_inf_nan=False)]
# No aircraft has none of it: a nought that stands for "not filled in" would make it the lightest.
Amount = Annotated[float, Field(gt=0.0, le=100_000.0, allow_inf_nan=False)]
Moment = Annotated[AwareDatetime, AfterValidator(believable)]
Reason = Literal["31.2.1", "31.2.2", "31.2.3", "31.2.4", "31.2.5", "19", "26", "61"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Organisation(_Part):
    name: Text | None = None
    contact: Text | None = None
    certificate_no: Text | None = None
    certificate_until: date | None = None
    is_commercial: bool | None = None
    notice: Text | None = None
    emergency_procedure: Text | None = None
    remarks: Text | None = None


class _Aircraft(_Part):
    name: Text
    model: Text | None = None
    registration_no: Text | None = None
    product_id: Text | None = None
    empty_mass_kg: Amount | None = None
    payload_mass_kg: Figure | None = None
    max_takeoff_kg: Amount | None = None
    max_speed_km_h: Amount | None = None
    max_height_m: Figure | None = None
    micro_power_radio: bool | None = None
    insurance_no: Text | None = None
    insurance_until: date | None = None
    has_lights: bool | None = None
    remote_id: RemoteId | None = None
    link: Link | None = None
    drops_or_dangerous_goods: bool | None = None
    from_moving_vehicle: bool | None = None
    distributed_or_swarm: bool | None = None
    link_frequency: Text | None = None
    link_bandwidth: Text | None = None
    navigation: Text | None = None
    surveillance: Text | None = None
    transponder: Text | None = None


class _Pilot(_Part):
    person: Text
    licence_no: Text | None = None
    licence_classes: list[AircraftClass] = []
    licence_until: date | None = None
    training_no: Text | None = None
    training_until: date | None = None


class _Permit(_Part):
    permit_id: Text
    kind: PermitKind
    reasons: list[Reason] = Field(min_length=1)
    from_time: Moment
    to_time: Moment
    max_height_agl_m: Figure
    grids: list[Text] = []
    zones: list[Text] = []
    decided_at: Moment | None = None
    authority: Text | None = None
    filed_days: list[date] = []
    report_ref: Text | None = None
    report_day: date | None = None

    @model_validator(mode="after")
    def _makes_sense(self) -> _Permit:
        if self.to_time <= self.from_time:
            raise ValueError(f"permit {self.permit_id} ends before it begins")
        return self


class _Papers(_Part):
    is_exercise: bool = False
    organisation: _Organisation = _Organisation()
    aircraft: list[_Aircraft] = []
    pilot: list[_Pilot] = []
    permit: list[_Permit] = []

    @model_validator(mode="after")
    def _told_apart(self) -> _Papers:
        named = {
            "aircraft": [one.name for one in self.aircraft],
            "pilots": [one.person for one in self.pilot],
            "permits": [one.permit_id for one in self.permit],
        }
        for what, names in named.items():
            twice = [name for name, count in Counter(names).items() if count > 1]
            if twice:
                raise ValueError(f"two {what} are called {twice[0]}")
        return self


def read_papers(path: Path) -> Papers:
    """The papers as the file has them now; ConfigError with one sentence for what is wrong."""
    try:
        content = path.read_bytes()
        given = _Papers.model_validate(tomllib.loads(content.decode("utf-8")))
    except OSError as error:
        why = error.strerror or "it cannot be read"
        raise _wrong(path, why, f"无法读取（{why}）") from error
    except ValidationError as error:
        raise _wrong(path, *problems_of(error)) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _wrong(path, f"it is not TOML ({error})", f"不是TOML文件（{error}）") from error
    return _papers(given, hashlib.sha256(content).hexdigest())


def papers_of(path: Path | None) -> Papers | None:
    """None without a file."""
    return None if path is None else read_papers(path)


def _papers(given: _Papers, sha256: str) -> Papers:
    return Papers(
        sha256=sha256,
        is_exercise=given.is_exercise,
        organisation=Organisation(**given.organisation.model_dump()),
        aircraft={one.name: AircraftPapers(**one.model_dump()) for one in given.aircraft},
        pilots={one.person: _pilot(one) for one in given.pilot},
        permits=tuple(_permit(one) for one in given.permit),
    )


def _pilot(one: _Pilot) -> PilotPapers:
    return PilotPapers(
        person=one.person,
        licence_no=one.licence_no,
        licence_classes=tuple(one.licence_classes),
        licence_until=one.licence_until,
        training_no=one.training_no,
        training_until=one.training_until,
    )


def _permit(one: _Permit) -> Permit:
    return Permit(
        permit_id=one.permit_id,
        kind=one.kind,
        reasons=tuple(one.reasons),
        from_utc=_utc(one.from_time),
        to_utc=_utc(one.to_time),
        max_height_agl_m=one.max_height_agl_m,
        grids=tuple(one.grids),
        zones=tuple(one.zones),
        decided_utc=_utc(one.decided_at) if one.decided_at else None,
        authority=one.authority,
        filed_days=tuple(one.filed_days),
        report_ref=one.report_ref,
        report_day=one.report_day,
    )


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


def _wrong(path: Path, why: str, why_zh: str) -> ConfigError:
    return ConfigError(
        f"the papers cannot be used: {path}: {why}", text_zh=f"单位资料无法使用：{path}：{why_zh}"
    )
