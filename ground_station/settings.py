"""The station's settings file (TOML), checked once at the start; the environment is not read."""

from __future__ import annotations

import tomllib
from collections import Counter
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from patrol.camera import CameraLens
from patrol.energy import Power
from patrol.errors import ConfigError

AIRCRAFT_MAX = 50  # what one link process holds
_LIVE_MEMORY_KIB = 19_456  # the least that OWASP's sheet on password storage allows (2024)
_THIS_MACHINE = ("127.0.0.1", "localhost", "::1")


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CameraSettings(_Section):
    """The camera on the aircraft, as its data sheet has it."""

    camera_id: str = "cam-1"
    url: str = Field(description="RTSP address")
    width_px: int = Field(default=1280, ge=160)
    height_px: int = Field(default=720, ge=120)
    hfov_deg: float = Field(default=40.0, gt=1.0, lt=170.0)
    latency_s: float = Field(default=0.08, ge=0.0, description="capture to arrival, calibrated")
    keeps_pictures: bool = Field(
        default=False,
        description="the camera itself records, as on its card: nobody is told that it only counts",
    )

    @property
    def lens(self) -> CameraLens:
        """Of these figures."""
        return CameraLens(width_px=self.width_px, height_px=self.height_px, hfov_deg=self.hfov_deg)


class SpeakerSettings(_Section):
    """The on-board payload agent, and the recordings that are played before speech is."""

    url: str = Field(pattern="^https?://", description="http:// or https://")
    token_file: Path | None = Field(default=None, description="the token that the agent wants")
    ca_file: Path | None = Field(
        default=None, description="who signed the agent's certificate; none: the usual authorities"
    )
    allow_plain: bool = Field(
        default=False, description="a token over http://: the radio link itself is encrypted"
    )
    clips_dir: Path | None = Field(default=None, description="recorded announcements")
    recordings: tuple[Literal["zh", "teochew", "en"], ...] = Field(
        default=("zh", "teochew", "en"), description="which recording of a text comes first"
    )

    @model_validator(mode="after")
    def _tell_nobody_the_token(self) -> SpeakerSettings:
        """As the agent has it: whoever hears the token on the way can speak to a crowd."""
        host = urlsplit(self.url).hostname
        if host is None:
            raise ValueError(f"no address in {self.url!r}")
        is_clear = self.url.startswith("http:") and self.token_file is not None
        if is_clear and not self.allow_plain and host not in _THIS_MACHINE:
            raise ValueError(
                "the token would travel in clear: use https://, or allow_plain = true if the "
                "radio link itself is encrypted"
            )
        return self


class AircraftSettings(_Section):
    """One aircraft, how it is reached, and what it carries."""

    name: str = Field(
        default="GP-1", min_length=1, max_length=40, description="how the squad calls it"
    )
    connect: str = Field(description="MAVSDK URL: udpin://, udpout://, tcpout:// or serial://")
    system_id: int | None = Field(
        default=None, ge=1, le=250, description="MAVLink system id; none: the first that is heard"
    )
    telemetry_hz: float = Field(default=5.0, ge=1.0, le=10.0)
    endurance_s: float = Field(
        default=Power().endurance_s, ge=300.0, le=Power().endurance_s,
        description="in a hover, from 100 % to 0; planned and flown with 30 % in reserve",
    )  # fmt: skip
    camera: CameraSettings
    speaker: SpeakerSettings


class TlsSettings(_Section):
    """The station's certificate: `gridpatrol tls` makes one, docs/field-laptop.md says how."""

    cert_file: Path = Field(description="certificate and those between it and the authority (PEM)")
    key_file: Path = Field(description="its key (PEM)")


class SignInSettings(_Section):
    """How hard it is to come in, and for how long one stays."""

    session_h: float = Field(default=12.0, gt=0.0, le=24.0, description="then sign in again")
    idle_min: float = Field(default=120.0, ge=1.0, le=1440.0, description="no console open")
    pin_min: float = Field(
        default=10.0, ge=0.0, le=120.0, description="how long a PIN at a shared console counts"
    )
    tries: int = Field(default=5, ge=3, le=20, description="wrong passwords, then a lock-out")
    locked_min: float = Field(default=15.0, ge=1.0, le=1440.0)
    tries_per_minute: int = Field(default=10, ge=3, le=1000, description="from one address")
    argon2_memory_kib: int = Field(default=65_536, ge=64, le=1_048_576)
    argon2_rounds: int = Field(default=3, ge=1, le=20)
    ask_again_s: float = Field(
        default=5.0, ge=0.05, le=60.0, description="how often open sockets ask who is signed in"
    )


class StationSettings(_Section):
    """Everything `gridpatrol serve` needs to know."""

    name: str = "濠江区无人机巡查 Haojiang drone patrol"
    host: str = Field(
        default="127.0.0.1", description="this machine alone; any other address needs [tls]"
    )
    names: tuple[str, ...] = Field(
        default=(), description="names and addresses by which other machines reach it"
    )
    port: int = Field(default=8000, ge=0, le=65535)
    data_dir: Path
    database_url: str | None = Field(
        default=None, description="postgresql://USER@HOST/NAME; none: SQLite files in data_dir"
    )
    is_exercise: bool = False
    clock_url: str | None = Field(
        default=None, description="an exercise clock's address; none: the machine's own clock"
    )
    watchdog_s: float = Field(
        default=5.0, ge=1.0, le=60.0, description="a station that hangs for so long is ended"
    )
    ready_within_s: float = Field(
        default=15.0, ge=0.0, le=120.0,
        description="how long pre-flight waits for what has just been switched on",
    )  # fmt: skip
    register_file: Path | None = None
    elevation_file: Path | None = Field(
        default=None, description="GeoTIFF of the ground's height; none: heights are above home"
    )
    airspace_file: Path | None = Field(
        default=None, description="airspace zones (GeoJSON), read anew for every plan"
    )
    papers_file: Path | None = Field(
        default=None,
        description="the unit's papers (TOML), read anew for every clearance; a live station "
        "without it clears nothing",
    )
    legal_basis_file: Path | None = None
    responsibility_file: Path | None = Field(
        default=None,
        description="who owns cases; needed unless it is an exercise, which gets stand-ins of it",
    )
    contacts_file: Path | None = Field(
        default=None, description="contact cards and groups; a live station without it shows none"
    )
    aircraft: tuple[AircraftSettings, ...] = Field(min_length=1, max_length=AIRCRAFT_MAX)
    tls: TlsSettings | None = None
    sign_in: SignInSettings = SignInSettings()
    live_reads_within_s: float = Field(
        default=20.0, gt=0, description="a live socket that takes nothing for so long is let go"
    )

    @model_validator(mode="before")
    @classmethod
    def _one_aircraft(cls, body: Any) -> Any:  # noqa: ANN401  # whatever the file says
        """A file of one aircraft may have it, its camera and its loudspeaker side by side."""
        if not isinstance(body, dict) or not isinstance(body.get("aircraft"), dict):
            return body
        carried = {part: body[part] for part in ("camera", "speaker") if part in body}
        rest = {name: value for name, value in body.items() if name not in carried}
        return rest | {"aircraft": [body["aircraft"] | carried]}

    @model_validator(mode="after")
    def _told_apart(self) -> StationSettings:
        """Nothing that belongs to one aircraft may be another's too."""
        own: dict[str, list[object]] = {
            "are called": [one.name for one in self.aircraft],
            "have the system id": [one.system_id for one in self.aircraft],
            "have the camera_id": [one.camera.camera_id for one in self.aircraft],
            "have the camera at": [one.camera.url for one in self.aircraft],
            "have the loudspeaker at": [one.speaker.url for one in self.aircraft],
        }
        for what, values in own.items():
            for value, count in Counter(values).items():
                if value is not None and count > 1:
                    raise ValueError(f"{count} aircraft {what} {value}: give each its own")
        lines = Counter(one.connect for one in self.aircraft)
        for one in self.aircraft:
            if lines[one.connect] > 1 and one.system_id is None:
                raise ValueError(
                    f"{one.name} shares {one.connect} with another: give each its system_id"
                )
        return self

    @model_validator(mode="after")
    def _others_come_by_tls(self) -> Self:
        if self.host in _THIS_MACHINE:
            return self
        if self.tls is None:
            raise ValueError(
                f"host {self.host}: other machines reach it only with TLS; add [tls] with "
                "cert_file and key_file (gridpatrol tls makes both)"
            )
        if not self.names:
            raise ValueError(
                f"host {self.host}: say in `names` by which names or addresses it is reached"
            )
        return self

    @model_validator(mode="after")
    def _live_hashes_are_dear(self) -> Self:
        if not self.is_exercise and self.sign_in.argon2_memory_kib < _LIVE_MEMORY_KIB:
            raise ValueError(
                f"sign_in.argon2_memory_kib: at least {_LIVE_MEMORY_KIB} outside an exercise"
            )
        return self


def read_settings(path: Path) -> StationSettings:
    """Read a settings file; ConfigError names every wrong entry in words."""
    try:
        body = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"the settings file cannot be read: {path} ({error.strerror})") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"the settings file is not TOML: {path}: {error}") from error
    try:
        return StationSettings.model_validate(body)
    except ValidationError as error:
        lines = [
            f"  {'.'.join(str(part) for part in item['loc']) or 'the file'}: {item['msg']}"
            for item in error.errors()
        ]
        raise ConfigError(f"wrong settings in {path}:\n" + "\n".join(lines)) from error
