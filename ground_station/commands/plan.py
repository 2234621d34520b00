"""`gridpatrol plan`: a patrol of a grid in any pattern, with every finding about it."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from ground_station.commands.map_file import draw, require_picture
from ground_station.commands.plan_fields import given_fields, require_fitting
from ground_station.options import PlanOptions
from ground_station.planning_data import SAMPLE, airspace_of, elevation_of
from missions.angles import AngleRefused, read_degrees
from missions.checks import check_plan
from missions.formats import read_plan, write_text
from missions.grid import Grid
from missions.heights import Elevation
from missions.open_air import Surroundings
from missions.plan_files.adopt import adopt, grid_of
from missions.plan_files.files import PlanForm, form_of, plan_text, read_taken
from missions.plan_files.placed import in_wgs84
from missions.plan_map import patrol_drawing
from missions.planner import Patrol, Sortie, plan_patrol
from missions.register import Register, load_register
from missions.request import PlanRequest, Task, default_home
from missions.sites import with_sites
from patrol.camera import CameraLens
from patrol.errors import ConfigError
from patrol.geo import GeoPoint
from patrol.pattern import Pattern
from patrol.plan import Finding, Level, MissionPlan, stops

_LENS = re.compile(r"(\d{2,5})x(\d{2,5})@(\d{1,3}(?:\.\d+)?)")
_LAT_MAX_DEG = 90.0
_HFOV_MAX_DEG = 170.0
_STYLES = {Level.STOP: "bold red", Level.WARN: "yellow", Level.NOTE: "dim"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """The patrol, and what it was planned from."""

    patrol: Patrol
    request: PlanRequest


def plan(options: PlanOptions) -> int:
    """Exit code 0 with the files written; 1 when a finding forbids it and only the map is drawn."""
    _require_apart(options.source, options.out, options.qgc, options.geojson, options.map_file)
    if options.out is not None:
        form_of(options.out)  # refused before anything is reckoned
    if options.map_file is not None:
        require_picture(options.map_file)
    elif options.out is None:
        raise ConfigError(
            "say where to write the plan: --out plan.json (or --map plan.png alone)",
            text_zh="请写明计划写到哪里：--out plan.json（或只用 --map plan.png）",
        )
    planned = _planned(options)
    patrol = planned.patrol
    is_refused = not patrol.sorties or bool(stops(patrol.all_findings))
    written = [] if is_refused else _write(patrol, options)
    if options.map_file is not None:
        draw(options.map_file, patrol_drawing(patrol, planned.request))
        written.append(options.map_file)
    if options.as_json:
        sys.stdout.write(json.dumps(_body(patrol, written), ensure_ascii=False) + "\n")
    else:
        _print(patrol, options.out, is_refused=is_refused)
        if options.map_file is not None:
            Console(soft_wrap=True).print(f"map 地图: {options.map_file}", markup=False)
    return 1 if is_refused else 0


def _planned(options: PlanOptions) -> Planned:
    """A route of our own, or one that a file has."""
    if options.source is None and options.datum is not None:
        raise ConfigError(
            "--datum is about the file of --from: there is none",
            text_zh="--datum 只用于 --from 的文件：未给出 --from",
        )
    if options.source is None:
        request = _request(options)
        return Planned(patrol=plan_patrol(request), request=request)
    if given_fields(options) or options.pattern is not Pattern.BOUNDARY:
        raise ConfigError(
            "--from brings its own route: leave --pattern, --at, --spacing, --hold, --radius and "
            "--width out",
            text_zh="--from 自带航线：请去掉 --pattern、--at、--spacing、--hold、--radius、--width",
        )
    if form_of(options.source) is PlanForm.OURS:
        return _of_ours(options, options.source)
    loaded = load_register(options.register)
    launch = read_home(options.home) if options.home is not None else None
    taken = in_wgs84(read_taken(options.source), options.datum).with_home(launch)
    if taken.home is None:
        raise ConfigError(
            f"the file has no launch point: give one with --home LAT,LON: {options.source}",
            text_zh=f"文件没有起飞点：请用 --home 纬度,经度 指定：{options.source}",
        )
    area = grid_of(taken, loaded, _named(options))
    request = _about(options, loaded, area, taken.home)
    if options.elevation is None and taken.home_elevation_amsl_m is not None:
        request = replace(request, home_elevation_amsl_m=taken.home_elevation_amsl_m)
    return Planned(patrol=adopt(taken, request), request=request)


def _of_ours(options: PlanOptions, source: Path) -> Planned:
    """As it was planned and approved, with every check made again."""
    if options.home is not None:
        raise ConfigError(
            "a plan of ours keeps its launch point: leave --home out",
            text_zh="本系统的计划保留原起飞点：请去掉 --home",
        )
    made, loaded = read_plan(source), load_register(options.register)
    request = _about(options, loaded, loaded.get(_named(options) or made.grid_code), made.home)
    findings = check_plan(made, request.grid, request.lens, request.around)
    return Planned(
        patrol=Patrol(sorties=(Sortie(plan=made, findings=tuple(findings)),)), request=request
    )


def _named(options: PlanOptions) -> str | None:
    if options.named and options.grid:
        raise _one_grid()
    return options.named or options.grid


def _one_grid() -> ConfigError:
    return ConfigError(
        "name one grid: gridpatrol plan GRID --out plan.json",
        text_zh="请写明一个网格：gridpatrol plan 网格 --out plan.json",
    )


def _require_apart(*files: Path | None) -> None:
    """Each has a file of its own: the one that is written last would be all that is left.

    So has the route that was brought: what could not be taken over is in that file alone.
    """
    named = [path.resolve() for path in files if path is not None]
    if len(set(named)) < len(named):
        raise ConfigError(
            "--from, --out, --qgc, --geojson and --map have to name different files",
            text_zh="--from、--out、--qgc、--geojson、--map 须为不同的文件",
        )


def _request(options: PlanOptions) -> PlanRequest:
    """What is asked for; ConfigError for what cannot be read."""
    name = _named(options)
    if name is None:
        raise _one_grid()
    require_fitting(options)
    launch = read_home(options.home) if options.home is not None else None
    task = Task(
        pattern=options.pattern,
        places=tuple(read_home(text, "--at") for text in options.at or ()),
        spacing_m=options.spacing,
        hold_s=options.hold,
        radius_m=options.radius,
        width_m=options.width,
    )
    loaded = load_register(options.register)
    area = loaded.get(name)
    request = _about(options, loaded, area, launch or default_home(area))
    return replace(request, task=with_sites(task, loaded, area.code))


def _about(options: PlanOptions, loaded: Register, area: Grid, home: GeoPoint) -> PlanRequest:
    """Everything but the pattern."""
    elevation = read_ground(options.elevation, loaded)
    return PlanRequest(
        grid=area,
        register_version=loaded.version,
        home=home,
        # Without data the autopilot tells the true one: heights are above home.
        home_elevation_amsl_m=(elevation(home) if elevation else None) or 0.0,
        lens=read_lens(options.lens),
        created_utc=datetime.now(UTC),
        is_exercise=loaded.is_synthetic,
        height_agl_m=options.height,
        speed_m_s=options.speed,
        gimbal_pitch_deg=options.tilt,
        around=Surroundings(elevation_amsl_m=elevation, airspace=airspace_of(options.airspace)),
    )


def read_ground(path: Path | None, register: Register) -> Elevation | None:
    """The ground's height; ConfigError for invented hills under true grids."""
    if path is not None and str(path) == SAMPLE and not register.is_synthetic:
        raise ConfigError(
            "the sample's hills are invented: give a GeoTIFF of the true ground",
            text_zh="示例地形为合成数据：请提供真实地形的GeoTIFF",
        )
    return elevation_of(path)


def _body(patrol: Patrol, written: Sequence[Path]) -> dict[str, object]:
    """The first sortie, and all of them where there are several."""
    sorties = [
        {
            "plan": sortie.plan.to_dict(),
            "digest": sortie.plan.digest,
            "findings": [finding.to_dict() for finding in sortie.findings],
        }
        for sortie in patrol.sorties
    ]
    first = sorties[0] if sorties else {"plan": None, "digest": None}
    body: dict[str, object] = {
        "plan": first["plan"],
        "digest": first["digest"],
        "findings": [finding.to_dict() for finding in patrol.all_findings],
        "written": [str(path) for path in written],
    }
    return body | ({"sorties": sorties} if len(sorties) > 1 else {})


def _write(patrol: Patrol, options: PlanOptions) -> list[Path]:
    """A file of each kind for each sortie; the first as it was named where it is the only one."""
    written = []
    for sortie in patrol.sorties:
        made, findings = sortie.plan, [*patrol.findings, *sortie.findings]
        wanted = {
            options.out: form_of(options.out) if options.out else PlanForm.OURS,
            options.qgc: PlanForm.QGC,
            options.geojson: PlanForm.GEOJSON,
        }
        for path, form in wanted.items():
            if path is not None:
                written.append(_of_sortie(path, made))
                write_text(written[-1], plan_text(made, form, findings))
    return written


def _of_sortie(path: Path, made: MissionPlan) -> Path:
    if made.sortie_count == 1:
        return path
    return path.with_name(f"{path.stem}-{made.sortie_number}{path.suffix}")


def read_lens(text: str) -> CameraLens:
    """WIDTHxHEIGHT@HFOV; ConfigError when it is not that."""
    found = _LENS.fullmatch(text)
    if found is None or not 1.0 <= float(found[3]) <= _HFOV_MAX_DEG:
        raise ConfigError(
            f"--lens wants WIDTHxHEIGHT@HFOV (such as 3840x2160@73.7), not {text!r}",
            text_zh=f"--lens 须为 宽x高@水平视场角（如 3840x2160@73.7），而非{text!r}",
        )
    return CameraLens(width_px=int(found[1]), height_px=int(found[2]), hfov_deg=float(found[3]))


def read_home(text: str, option: str = "--home") -> GeoPoint:
    """LAT,LON in degrees as people type them; ConfigError says what is wrong."""
    try:
        lat, lon = (read_degrees(part) for part in text.split(","))
        if abs(lon) <= _LAT_MAX_DEG < abs(lat):
            raise AngleRefused("longitude and latitude are swapped", text_zh="经纬度写反")
        return GeoPoint(lat_deg=lat, lon_deg=lon)
    except ValueError as error:
        why, why_zh = "", ""
        if isinstance(error, AngleRefused):
            why, why_zh = f": {error}", f"：{error.text_zh}"
        raise ConfigError(
            f"{option} wants LAT,LON in degrees (such as 23.2820,116.7250), not {text!r}{why}",
            text_zh=f"{option} 应为“纬度,经度”（如 23.2820,116.7250），而不是{text!r}{why_zh}",
        ) from error


def _print(patrol: Patrol, out: Path | None, *, is_refused: bool) -> None:
    console = Console(highlight=False, soft_wrap=True)
    print_findings(console, list(patrol.findings))
    for sortie in patrol.sorties:
        _print_plan(console, sortie.plan)
        print_findings(console, list(sortie.findings))
        if out is not None and not is_refused:
            path = _of_sortie(out, sortie.plan)
            console.print(f"written: {path}   digest {sortie.plan.digest[:12]}", markup=False)
    if is_refused:
        console.print("nothing was written: a finding above forbids this plan", style="bold")


def _print_plan(console: Console, made: MissionPlan) -> None:
    which = ""
    if made.sortie_count > 1:
        which = f", sortie {made.sortie_number} of {made.sortie_count}"
    waypoints = "waypoint" if len(made.waypoints) == 1 else "waypoints"
    console.print(
        f"{made.grid_name} ({made.grid_code}) {made.pattern}{which}\n"
        f"  {made.length_m:.0f} m, {made.duration_s / 60:.1f} min, {len(made.waypoints)} "
        f"{waypoints}, {made.battery_need_pct:.0f} % of a battery with "
        f"{_look_words(made)}\n"
        f"  launch point {made.home.lat_deg:.6f}, {made.home.lon_deg:.6f}",
        markup=False,
    )


def _look_words(made: MissionPlan) -> str:
    if made.look_hold is None:
        return "no time to stop at a crowd"
    return f"a look of {made.look_hold.longest_s / 60.0:.0f} minutes"


def print_findings(console: Console, findings: list[Finding]) -> None:
    """Every finding, gravest first, with the article it cites."""
    for level in (Level.STOP, Level.WARN, Level.NOTE):
        for finding in (f for f in findings if f.level is level):
            console.print(f"  {level.value}: {finding.text}", style=_STYLES[level], markup=False)
            article = f"  [{finding.article}]" if finding.article else ""
            console.print(f"        {finding.text_zh}{article}", style="dim", markup=False)
