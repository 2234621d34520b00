"""The grid register: which areas there are, and which one a place lies in."""

from __future__ import annotations

import difflib
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from shapely import STRtree
from shapely.geometry import Point

from missions.codes import GridLevel, parent_of, read_code
from missions.grid import Checkpoint, Grid, SpecialSite
from missions.register_file import checkpoints_of, grids_of, read_body, sites_of
from patrol.errors import ConfigError
from patrol.geo import GeoPoint

_LEAVES = (GridLevel.SUBGRID, GridLevel.GRID)


class UnknownGrid(ConfigError):
    """No grid of that code or name; the sentence suggests the nearest ones."""


class Register:
    """One version of the register. Fulfils `patrol.locate.GridLocator`."""

    def __init__(self, body: dict[str, Any], path: Path) -> None:
        self._body = body
        self.version = str(body.get("version", "unversioned"))
        self.is_synthetic = bool(body.get("is_synthetic", False))
        self.areas: dict[str, Grid] = {}
        for area in grids_of(body, path):
            if area.code in self.areas:
                raise ConfigError(
                    f"the register {path} has the code {area.code} twice",
                    text_zh=f"网格名册中编码{area.code}出现两次：{path}",
                )
            self.areas[area.code] = area
        parents = {parent_of(code) for code, area in self.areas.items() if area.level in _LEAVES}
        self.grids = [
            area for code, area in sorted(self.areas.items())
            if area.level in _LEAVES and code not in parents
        ]  # fmt: skip
        if not self.grids:
            raise ConfigError(
                f"the register {path} has no grid in it", text_zh=f"网格名册中没有网格：{path}"
            )
        self.sites: list[SpecialSite] = list(sites_of(body, path))
        self.checkpoints: list[Checkpoint] = list(checkpoints_of(body, path))
        self._tree = STRtree([grid.shape for grid in self.grids])

    def get(self, text: str) -> Grid:
        """The area of a code or spoken name; UnknownGrid with suggestions when there is none."""
        try:
            code = read_code(text)
        except ValueError:
            code = ""
        if code in self.areas:
            return self.areas[code]
        wanted = text.strip()
        for area in self.areas.values():
            if wanted in (area.name_spoken, *area.aliases):
                return area
        names = [name for grid in self.grids for name in (grid.code, grid.name_spoken)]
        near = [
            grid.name_spoken for grid in self.grids if wanted and grid.name_spoken.endswith(wanted)
        ]
        near = near[:3] or difflib.get_close_matches(code or wanted, names, n=3, cutoff=0.5)
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
        names: dict[str, str] = {}
        at: str | None = code
        while at is not None and len(at) > 6:
            if at in self.areas:
                names[at] = self.areas[at].name_zh
            at = parent_of(at)
        return names

    def path_names(self, code: str) -> list[str]:
        """Names from the street down to the area itself."""
        return list(reversed(self.names_up(code).values()))

    def to_geojson(self) -> dict[str, Any]:
        """The areas as they were read, for maps."""
        return {
            "type": "FeatureCollection",
            "features": [f for f in self._body["features"] if f.get("geometry")],
        }


def load_register(path: Path | None = None) -> Register:
    """A register file, or the sample; ConfigError with a clear sentence."""
    if path is not None:
        return Register(read_body(path), path)
    with as_file(files("missions") / "data" / "sample_register.geojson") as sample:
        return Register(read_body(sample), Path("(sample)"))
