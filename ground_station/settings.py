"""The station's settings file (TOML), checked once at the start; the environment is not read."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from patrol.errors import ConfigError

_THIS_MACHINE = ("127.0.0.1", "localhost", "::1")


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AircraftSettings(_Section):
    """One aircraft and how it is reached."""

    name: str = Field(default="GP-1", description="how the squad calls it")
    connect: str = Field(description="MAVSDK URL: udpin://, udpout://, tcpout:// or serial://")
    system_id: int | None = Field(
        default=None, ge=1, le=250, description="MAVLink system id; none: the first that is heard"
    )
    telemetry_hz: float = Field(default=5.0, ge=1.0, le=10.0)


class CameraSettings(_Section):
    """The camera on the aircraft, as its data sheet has it."""

    camera_id: str = "cam-1"
    url: str = Field(description="RTSP address")
    width_px: int = Field(default=1280, ge=160)
    height_px: int = Field(default=720, ge=120)
    hfov_deg: float = Field(default=40.0, gt=1.0, lt=170.0)
    latency_s: float = Field(default=0.08, ge=0.0, description="capture to arrival, calibrated")


class SpeakerSettings(_Section):
    """The on-board payload agent, and the recordings that are played before speech is."""

    url: str = Field(pattern="^https?://", description="http:// or https://")
    token_file: Path | None = Field(default=None, description="the token that the agent wants")
    ca_file: Path | None = Field(
        default=None, description="who signed the agent's certificate; none: the usual authorities"
    )
    clips_dir: Path | None = Field(default=None, description="recorded announcements")
    recordings: tuple[Literal["zh", "teochew", "en"], ...] = Field(
        default=("zh", "teochew", "en"), description="which recording of a text comes first"
    )


class StationSettings(_Section):
    """Everything `gridpatrol serve` needs to know."""

    name: str = "濠江区无人机巡查 Haojiang drone patrol"
    host: str = Field(
        default="127.0.0.1",
        description="this machine alone: names and roles are only stated, there is no sign-in yet",
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
    legal_basis_file: Path | None = None
    responsibility_file: Path | None = Field(
        default=None, description="who owns cases; needed unless it is an exercise"
    )
    aircraft: AircraftSettings
    camera: CameraSettings
    speaker: SpeakerSettings

    @field_validator("host")
    @classmethod
    def _this_machine(cls, host: str) -> str:
        if host not in _THIS_MACHINE:
            raise ValueError(
                f"only {', '.join(_THIS_MACHINE)}: without sign-in nobody else may reach it"
            )
        return host


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
            f"  {'.'.join(str(part) for part in item['loc'])}: {item['msg']}"
            for item in error.errors()
        ]
        raise ConfigError(f"wrong settings in {path}:\n" + "\n".join(lines)) from error
