"""`gridpatrol plan`: a boundary patrol of a grid, with every finding about it."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from missions.angles import AngleRefused, read_degrees
from missions.boundary import PlanRequest, default_home, plan_boundary
from missions.formats import to_feature_collection, to_qgc, write_json
from missions.register import load_register
from patrol.camera import CameraLens
from patrol.errors import ConfigError
from patrol.geo import GeoPoint
from patrol.plan import Finding, Level, MissionPlan, stops

_DEFAULT_LENS = CameraLens(width_px=1280, height_px=720, hfov_deg=40.0)
_STYLES = {Level.STOP: "bold red", Level.WARN: "yellow", Level.NOTE: "dim"}


def plan(
    *,
    grid: str,
    out: Path,
    register: Path | None = None,
    home: str | None = None,
    qgc: Path | None = None,
    geojson: Path | None = None,
    as_json: bool = False,
) -> int:
    """Exit code 0 with the files written; 1 when a finding forbids it and nothing is written."""
    _require_apart(out, qgc, geojson)
    launch = read_home(home) if home is not None else None
    loaded = load_register(register)
    area = loaded.get(grid)
    made, findings = plan_boundary(
        PlanRequest(
            grid=area,
            register_version=loaded.version,
            home=launch or default_home(area),
            home_elevation_amsl_m=0.0,  # the autopilot tells the true one; heights are above home
            lens=_DEFAULT_LENS,
            created_utc=datetime.now(UTC),
            is_exercise=loaded.is_synthetic,
        )
    )
    is_refused = made is None or bool(stops(findings))
    if made is not None and not is_refused:
        _write(made, out, qgc=qgc, geojson=geojson)
    if as_json:
        body = {
            "plan": made.to_dict() if made else None,
            "digest": made.digest if made else None,
            "findings": [finding.to_dict() for finding in findings],
            "written": [] if is_refused else [str(p) for p in (out, qgc, geojson) if p],
        }
        sys.stdout.write(json.dumps(body, ensure_ascii=False) + "\n")
    else:
        _print(made, findings, out if not is_refused else None)
    return 1 if is_refused else 0


def _require_apart(*files: Path | None) -> None:
    """Each has a file of its own: the one that is written last would be all that is left."""
    named = [path.resolve() for path in files if path is not None]
    if len(set(named)) < len(named):
        raise ConfigError("--out, --qgc and --geojson have to name different files")


def _write(made: MissionPlan, out: Path, *, qgc: Path | None, geojson: Path | None) -> None:
    write_json(out, made.to_dict())
    if qgc is not None:
        write_json(qgc, to_qgc(made))
    if geojson is not None:
        write_json(geojson, to_feature_collection(made))


def read_home(text: str) -> GeoPoint:
    """LAT,LON in degrees as people type them; ConfigError says what is wrong."""
    try:
        lat, lon = (read_degrees(part) for part in text.split(","))
        return GeoPoint(lat_deg=lat, lon_deg=lon)
    except ValueError as error:
        why, why_zh = "", ""
        if isinstance(error, AngleRefused):
            why, why_zh = f": {error}", f"：{error.text_zh}"
        raise ConfigError(
            f"--home wants LAT,LON in degrees (such as 23.2820,116.7250), not {text!r}{why}",
            text_zh=f"--home 应为“纬度,经度”（如 23.2820,116.7250），而不是{text!r}{why_zh}",
        ) from error


def _print(made: MissionPlan | None, findings: list[Finding], out: Path | None) -> None:
    console = Console(highlight=False, soft_wrap=True)
    if made is not None:
        console.print(
            f"{made.grid_name} ({made.grid_code})\n"
            f"  {made.length_m:.0f} m, {made.duration_s / 60:.1f} min, {len(made.waypoints)} "
            f"waypoints, {made.battery_need_pct:.0f} % of a battery with a full observation\n"
            f"  launch point {made.home.lat_deg:.6f}, {made.home.lon_deg:.6f}",
            markup=False,
        )
    print_findings(console, findings)
    if out is not None and made is not None:
        console.print(f"written: {out}   digest {made.digest[:12]}", markup=False)
    else:
        console.print("nothing was written: a finding above forbids this plan", style="bold")


def print_findings(console: Console, findings: list[Finding]) -> None:
    """Every finding, gravest first, with the article it cites."""
    for level in (Level.STOP, Level.WARN, Level.NOTE):
        for finding in (f for f in findings if f.level is level):
            console.print(f"  {level.value}: {finding.text}", style=_STYLES[level], markup=False)
            article = f"  [{finding.article}]" if finding.article else ""
            console.print(f"        {finding.text_zh}{article}", style="dim", markup=False)
