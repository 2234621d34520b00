"""`gridpatrol grids list`: what is in a register."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

from rich.console import Console
from rich.table import Table

from missions.codes import printed
from missions.flat import to_metres
from missions.grid import Grid
from missions.register import load_register
from patrol.geo import GeoPoint, LocalFrame


def grids_list(*, register: Path | None = None, as_json: bool = False) -> int:
    """Print the leaf grids; exit code 0. ConfigError when the register cannot be read."""
    loaded = load_register(register)
    if as_json:
        for grid in loaded.grids:
            area_ha, boundary_m = _size(grid)
            row = {
                "code": grid.code, "name": grid.name_spoken, "area_ha": area_ha,
                "boundary_m": boundary_m, "register": loaded.version,
                "is_synthetic": loaded.is_synthetic,
            }  # fmt: skip
            sys.stdout.write(json.dumps(row, ensure_ascii=False) + "\n")
        return 0
    console = Console(highlight=False)
    table = Table(box=None, pad_edge=False)
    table.add_column("code 编码", no_wrap=True)
    table.add_column("name 名称")
    table.add_column("area", justify="right")
    table.add_column("boundary", justify="right")
    for grid in loaded.grids:
        area_ha, boundary_m = _size(grid)
        table.add_row(
            printed(grid.code), grid.name_spoken, f"{area_ha:.1f} ha", f"{boundary_m:.0f} m"
        )
    console.print(table)
    levels = Counter(area.level.value for area in loaded.areas.values())
    overlays = len({site.overlay for site in loaded.sites})
    console.print(
        f"register {loaded.version}: {levels['street']} streets, {levels['community']} "
        "communities, "
        f"{len(loaded.grids)} grids, {overlays} special grids with {len(loaded.sites)} sites"
    )
    if loaded.is_synthetic:
        console.print("its polygons are SYNTHETIC 合成边界: for exercises only", style="yellow")
    return 0


def _size(grid: Grid) -> tuple[float, float]:
    centre = grid.shape.centroid
    frame = LocalFrame(origin=GeoPoint(lat_deg=centre.y, lon_deg=centre.x))
    flat = to_metres(grid.shape, frame)
    return round(flat.area / 10_000.0, 2), round(flat.length, 0)
