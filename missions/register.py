"""The grid register: which areas there are, and which one a place lies in."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

from shapely import STRtree
from shapely.geometry import Point

from missions.codes import GridLevel
from missions.grid import AreaFacts, Checkpoint, Grid, SpecialGrid, SpecialSite
from missions.near_names import near_names
from missions.register_facts import TIER_OF_LEVEL
from missions.register_file import (
    checkpoints_of,
    code_form,
    grids_of,
    overlays_of,
    read_body,
    sites_of,
    validity,
)
from patrol.errors import ConfigError
from patrol.geo import GeoPoint

SAMPLE_NAME = "sample_register.geojson"
_LEAVES = (GridLevel.SUBGRID, GridLevel.GRID)


class UnknownGrid(ConfigError):
    """No grid of that code or name; the sentence suggests the nearest ones."""


class Register:
    """One version of the register. Fulfils `patrol.locate.GridLocator`."""

    def __init__(self, body: dict[str, Any], path: Path) -> None:
        self._body = body
        self.version = str(body.get("version", "unversioned"))
        self.is_synthetic = bool(body.get("is_synthetic", False))
        self.form = code_form(body, path)
        self.valid_from, self.valid_to = validity(body, path)
        self.areas: dict[str, Grid] = {}
        for area in grids_of(body, path):
            if area.code in self.areas:
                raise ConfigError(
                    f"the register {path} has the code {area.code} twice",
                    text_zh=f"网格名册中编码{area.code}出现两次：{path}",
                )
            self.areas[area.code] = area
        parents = {area.parent_code for area in self.areas.values() if area.level in _LEAVES}
        self.grids = [
            area for code, area in sorted(self.areas.items())
            if area.level in _LEAVES and code not in parents
        ]  # fmt: skip
        if not self.grids:
            raise ConfigError(
                f"the register {path} has no grid in it", text_zh=f"网格名册中没有网格：{path}"
            )
        self.overlays: list[SpecialGrid] = list(overlays_of(body, path))
        self.sites: list[SpecialSite] = list(sites_of(body, path))
        self.checkpoints: list[Checkpoint] = list(checkpoints_of(body, path))
        self._tree = STRtree([grid.shape for grid in self.grids])

    def get(self, text: str) -> Grid:
        """The area of a code or spoken name; UnknownGrid with suggestions when there is none."""
        wanted = text.strip()
        try:
            code = self.form.read(text)
        except ValueError:
            code = wanted
        if code in self.areas:
            return self.areas[code]
        for area in self.areas.values():
            if wanted in (area.name_spoken, *area.aliases):
                return area
        near = near_names(code or wanted, list(self.areas.values()))
        hint = f"; did you mean {' or '.join(near)}?" if near else ""
        hint_zh = f"；是否为{'、'.join(near)}？" if near else ""
        raise UnknownGrid(
            f"no grid {text!r} in the register {self.version}{hint}",
            text_zh=f"网格名册（版本{self.version}）中没有网格{text!r}{hint_zh}",
        )

    def grid_at(self, point: GeoPoint) -> str | None:
        """The leaf grid's code, or None outside; on a shared edge the lower code."""
        place = Point(point.lon_deg, point.lat_deg)
        found = self._tree.query(place, predicate="intersects")
        return min((self.grids[i].code for i in found), default=None)

    def names_up(self, code: str) -> dict[str, str]:
        """Names by code: the area's own and those it lies in, up to the street."""
        return {
            area.code: area.name_zh
            for area in self.areas_up(code)
            if area.level is not GridLevel.DISTRICT
        }

    def areas_up(self, code: str) -> list[Grid]:
        """The area itself and those it lies in, nearest first, as far as the register has them."""
        found: dict[str, Grid] = {}
        at: str | None = code
        while at is not None and at not in found:
            area = self.areas.get(at)
            if area is not None:
                found[at] = area
                at = area.parent_code
            else:  # a level that the file leaves out
                at = self.form.parent_of(at) if self.form.is_territorial(at) else None
        return list(found.values())

    def facts_of(self, code: str) -> AreaFacts:
        """What is said of the area; where it says nothing, what the area around it says."""
        up = self.areas_up(code)
        if not up:
            return AreaFacts()
        own, said = up[0], [area.facts for area in up]
        return AreaFacts(
            tier=own.facts.tier or TIER_OF_LEVEL[own.level],
            noise_class=next((facts.noise_class for facts in said if facts.noise_class), None),
            responsible=next((facts.responsible for facts in said if facts.responsible), ()),
            population_band=own.facts.population_band,
            valid_from=own.facts.valid_from or self.valid_from,
            valid_to=own.facts.valid_to or self.valid_to,
        )

    def is_in_force(self, day: date) -> bool:
        """Whether the register holds on that day (its local date)."""
        is_begun = self.valid_from is None or self.valid_from <= day
        return is_begun and (self.valid_to is None or day <= self.valid_to)

    def path_names(self, code: str) -> list[str]:
        """Names from the street down to the area itself."""
        return list(reversed(self.names_up(code).values()))

    @property
    def text(self) -> str:
        """The register as a file holds it."""
        return json.dumps(self._body, ensure_ascii=False)

    def to_geojson(self) -> dict[str, Any]:
        """The areas as they were read, for maps; without the people who answer for them."""
        return {
            "type": "FeatureCollection",
            "features": [_on_a_map(f) for f in self._body["features"] if f.get("geometry")],
        }


def _on_a_map(feature: dict[str, Any]) -> dict[str, Any]:
    """Names and telephone numbers are for whoever looks an area up, not for every map."""
    shown = {
        key: said
        for key, said in feature["properties"].items()
        if key not in ("responsible", "contact")
    }
    return feature | {"properties": shown}


def load_register(path: Path | None = None) -> Register:
    """A register file, or the sample; ConfigError with a clear sentence."""
    if path is not None:
        return Register(read_body(path), path)
    return Register(read_body(sample_path()), Path("(sample)"))


def sample_path() -> Path:
    """The sample register: in a wheel beside the modules, in a working copy under config/."""
    here = Path(__file__).parent
    shipped = here / "data" / SAMPLE_NAME
    return shipped if shipped.is_file() else here.parent / "config" / SAMPLE_NAME
