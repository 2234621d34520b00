"""Papers for tests: a unit that may fly, and what is changed of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from ground_station.clearance_desk import ClearanceDesk, ClearanceParts
from ground_station.legal import LegalBook
from ground_station.planning_data import PlanningData
from missions.airspace import Airspace
from missions.open_air import Surroundings
from patrol.cause import Role
from patrol.clock import WorldClock, utc_text

CREW = {Role.PILOT: "Hong", Role.ANNOUNCER: "Lin", Role.REGISTRAR: "Chen"}
ORGANISATION: dict[str, Any] = {
    "name": "濠江区小分队", "contact": "郑队长 0754-0000000", "certificate_no": "UOC-0001",
    "certificate_until": "2099-12-31", "is_commercial": False,
    "notice": "达濠社区公告栏，电话0754-0000000",
}  # fmt: skip
AIRCRAFT: dict[str, Any] = {
    "registration_no": "UAS0000001", "product_id": "TEST0000000000000001",
    "empty_mass_kg": 2.6, "payload_mass_kg": 0.9, "max_takeoff_kg": 4.0, "max_speed_km_h": 54.0,
    "max_height_m": 120.0, "has_lights": True, "remote_id": "built-in", "link": "radio",
    "drops_or_dangerous_goods": False, "from_moving_vehicle": False,
    "distributed_or_swarm": False,
}  # fmt: skip
PERMIT: dict[str, Any] = {
    "permit_id": "P-1", "kind": "SINGLE", "reasons": ["31.2.1"],
    "from_time": "2000-01-01T00:00:00Z", "to_time": "2099-12-31T00:00:00Z",
    "max_height_agl_m": 120.0, "grids": ["440512"], "decided_at": "2000-01-01T00:00:00Z",
    "report_ref": "R-1",
}  # fmt: skip


def papers_text(
    names: tuple[str, ...] = ("GP-1", "GP-2"),
    *,
    aircraft: Mapping[str, Any] | None = None,
    organisation: Mapping[str, Any] | None = None,
    permits: tuple[Mapping[str, Any], ...] = (),
    pilots: tuple[Mapping[str, Any], ...] = (),
) -> str:
    """The file's text; a value of None takes the line away."""
    unit = ORGANISATION | dict(organisation or {})
    parts = ["[organisation]", *_lines(unit)]
    for name in names:
        parts += ["[[aircraft]]", *_lines({"name": name} | AIRCRAFT | dict(aircraft or {}))]
    for one in pilots:
        parts += ["[[pilot]]", *_lines(one)]
    for one in permits:
        parts += ["[[permit]]", *_lines(one)]
    return "\n".join(parts) + "\n"


def write_papers(path: Path, **changes: Any) -> Path:
    """Such a file."""
    path.write_text(papers_text(**changes), encoding="utf-8")
    return path


@dataclass(frozen=True, slots=True, kw_only=True)
class FreshSky(PlanningData):
    """Airspace data that somebody fetches anew whenever it is asked for; nothing is closed."""

    world: WorldClock

    async def around(self) -> Surroundings:
        now = self.world.now_utc()
        return Surroundings(airspace=Airspace(zones=(), source="tests", fetched_utc=now))


def a_gate(
    folder: Path,
    world: WorldClock,
    *,
    papers_file: Path | None = None,
    data: PlanningData | None = None,
) -> ClearanceDesk:
    """A station's gate, with valid papers and a crew unless others are given."""

    async def crew(_: str) -> Mapping[Role, str]:
        return CREW

    given = papers_file or write_papers(folder / "papers.toml")
    sky = data or FreshSky(world=world)
    return ClearanceDesk(
        ClearanceParts(
            papers_file=given, data=sky, legal=LegalBook(),
            world=world, crew=crew,
        )
    )  # fmt: skip


def open_sky(path: Path, fetched_utc: datetime) -> Path:
    """Airspace data of then, in which nothing is closed."""
    body = {
        "type": "FeatureCollection", "datum": "WGS-84", "source": "tests",
        "fetched_at": utc_text(fetched_utc), "features": [],
    }  # fmt: skip
    path.write_text(json.dumps(body), encoding="utf-8")
    return path


def _lines(body: Mapping[str, Any]) -> list[str]:
    return [f"{name} = {_toml(value)}" for name, value in body.items() if value is not None]


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_toml, value))}]"
    return f'"{value}"' if isinstance(value, str) else str(value)
