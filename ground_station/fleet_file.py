"""The fleet file (TOML) that `allocate` and `dispatch` read: which aircraft there are, and where.

Whether a figure makes sense is for `missions.fleet` to say, as a finding beside all others; a
place that is none on the earth is one too.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ground_station.file_problems import problems_of
from missions.fleet import Aircraft, unfit
from patrol.camera import CameraLens
from patrol.errors import ConfigError
from patrol.geo import GeoPoint
from patrol.plan import Finding


class _Aircraft(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1, max_length=40)
    lat_deg: float
    lon_deg: float
    endurance_s: float = 1500.0
    speed_m_s: float = 4.8
    dash_m_s: float = 10.0
    height_agl_m: float = 30.0
    drive_m_s: float | None = None
    width_px: int = Field(default=1280, ge=160)
    height_px: int = Field(default=720, ge=120)
    hfov_deg: float = Field(default=40.0, gt=1.0, lt=170.0)


class _Fleet(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    aircraft: list[_Aircraft] = []


def read_fleet(path: Path) -> tuple[list[Aircraft], list[Finding]]:
    """The aircraft of a file, and findings about places that are none; ConfigError otherwise."""
    try:
        body = tomllib.loads(path.read_text(encoding="utf-8"))
        defaults = body.pop("defaults", {})
        body["aircraft"] = [defaults | one for one in body.get("aircraft", [])]
        fleet = _Fleet.model_validate(body)
    except OSError as error:
        raise ConfigError(
            f"the fleet file cannot be read: {path} ({error.strerror})",
            text_zh=f"无法读取飞行器清单：{path}（{error.strerror}）",
        ) from error
    except ValidationError as error:
        wrong, wrong_zh = problems_of(error)
        raise ConfigError(
            f"the fleet file {path} is wrong: {wrong}", text_zh=f"飞行器清单{path}有误：{wrong_zh}"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, TypeError) as error:
        raise ConfigError(
            f"not a fleet file: {path} ({error})", text_zh=f"不是飞行器清单：{path}（{error}）"
        ) from error
    made, findings = list[Aircraft](), list[Finding]()
    for one in fleet.aircraft:
        try:
            made.append(_aircraft(one))
        except ValueError:
            where = f"{one.lat_deg:g}, {one.lon_deg:g}"
            swapped = abs(one.lat_deg) > 90.0 >= abs(one.lon_deg)
            hint, hint_zh = (
                ("; lat_deg and lon_deg are swapped", "；经纬度颠倒") if swapped else ("", "")
            )
            findings.append(
                unfit(
                    one.name,
                    f"{where} is no place on the earth{hint}: it is left out",
                    f"{where}不是有效位置{hint_zh}：不参与分配",
                )
            )
    return made, findings


def _aircraft(one: _Aircraft) -> Aircraft:
    return Aircraft(
        name=one.name,
        place=GeoPoint(lat_deg=one.lat_deg, lon_deg=one.lon_deg),
        endurance_s=one.endurance_s,
        lens=CameraLens(width_px=one.width_px, height_px=one.height_px, hfov_deg=one.hfov_deg),
        speed_m_s=one.speed_m_s,
        dash_m_s=one.dash_m_s,
        height_agl_m=one.height_agl_m,
        drive_m_s=one.drive_m_s,
    )
