"""Which grid the demo patrols and where its people gather, all from the seed."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Any

from missions.boundary import plan_boundary
from missions.gathering_spot import demo_grids, gathering_spot
from missions.grid import Grid
from missions.register import load_register
from missions.request import PlanRequest, default_home
from patrol.camera import CameraLens
from patrol.clock import SHANGHAI, utc_text
from patrol.errors import ConfigError
from patrol.geo import GeoPoint, to_geojson

CAMERA = {"width_px": 1280, "height_px": 720, "hfov_deg": 40.0}
_PEOPLE = (
    30,
    36,
)  # at least and at most; below 50 so that a stubborn crowd is the community's tier
_PASSERS_BY = 4
_HOME_ELEVATION_AMSL_M = 12.0
_START_LOCAL = time(9, 30, tzinfo=SHANGHAI)


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoScenario:
    """What the simulator is told, and which grid the director asks for."""

    grid_code: str
    home: GeoPoint
    body: dict[str, Any]  # the simulator's scenario file


def make_scenario(*, seed: int, scenario: str) -> DemoScenario:
    """Choose by the seed; ConfigError when the register has no fitting grid."""
    register = load_register()
    grids = demo_grids(register)
    if not grids:
        raise ConfigError("the sample register has no grid with a loop of 600 m to 1.2 km")
    chooser = random.Random(seed)  # noqa: S311  # the same world again, nothing secret
    grid: Grid = chooser.choice(grids)
    home = default_home(grid)
    start = datetime.combine(datetime.now(SHANGHAI).date(), _START_LOCAL)
    gathering: dict[str, Any] | None = None
    if scenario != "empty":
        plan, _ = plan_boundary(
            PlanRequest(
                grid=grid,
                register_version=register.version,
                home=home,
                home_elevation_amsl_m=_HOME_ELEVATION_AMSL_M,
                lens=CameraLens(width_px=1280, height_px=720, hfov_deg=40.0),
                created_utc=start.astimezone(UTC),
                is_exercise=True,
            )
        )
        place = gathering_spot(plan, grid, seed) if plan else None
        if place is None:
            raise ConfigError(f"no place to gather in grid {grid.code}")
        gathering = {
            "place": to_geojson(place),
            "people": chooser.randint(*_PEOPLE),
            "response": scenario,
        }
    body = {
        "home": to_geojson(home),
        "home_elevation_amsl_m": _HOME_ELEVATION_AMSL_M,
        "start_utc": utc_text(start),
        "gathering": gathering,
        "passers_by": _PASSERS_BY,
        "camera": CAMERA | {"frames_per_s": 10},
    }
    return DemoScenario(grid_code=grid.code, home=home, body=body)
