"""Which form a plan's file has, by its name's ending; writes and reads any of them."""

from __future__ import annotations

import enum
import json
from collections.abc import Callable, Sequence
from pathlib import Path

from missions.formats import write_text
from missions.plan_files.geojson import read_plan_geojson, to_feature_collection
from missions.plan_files.kml import read_plan_kml, to_kml
from missions.plan_files.qgc_read import read_qgc
from missions.plan_files.qgc_write import to_qgc, to_waypoints
from missions.plan_files.taken import Taken
from patrol.errors import ConfigError
from patrol.plan import Finding, MissionPlan


class PlanForm(enum.StrEnum):
    """The value is the ending."""

    OURS = "json"
    QGC = "plan"
    GEOJSON = "geojson"
    KML = "kml"
    WAYPOINTS = "waypoints"  # the old list of QGroundControl, MAVProxy and Mission Planner


_READERS: dict[PlanForm, Callable[[Path], Taken]] = {
    PlanForm.QGC: read_qgc, PlanForm.GEOJSON: read_plan_geojson, PlanForm.KML: read_plan_kml,
}  # fmt: skip


def form_of(path: Path) -> PlanForm:
    """By the ending; without one it is ours. ConfigError for another."""
    ending = path.suffix.lower().removeprefix(".")
    if not ending:
        return PlanForm.OURS
    try:
        return PlanForm(ending)
    except ValueError as error:
        raise ConfigError(
            f"a plan's file ends in .json, .plan, .geojson, .kml or .waypoints, not .{ending}: "
            f"{path}",
            text_zh=f"计划文件的扩展名应为 .json、.plan、.geojson、.kml 或 .waypoints：{path}",
        ) from error


def plan_text(plan: MissionPlan, form: PlanForm, findings: Sequence[Finding] = ()) -> str:
    """The file's content."""
    match form:
        case PlanForm.KML:
            return to_kml(plan, findings)
        case PlanForm.WAYPOINTS:
            return to_waypoints(plan)
        case PlanForm.OURS:
            body = plan.to_dict()
        case PlanForm.QGC:
            body = to_qgc(plan)
        case PlanForm.GEOJSON:
            body = to_feature_collection(plan, findings)
    return json.dumps(body, ensure_ascii=False, indent=1) + "\n"


def write_plan(path: Path, plan: MissionPlan, findings: Sequence[Finding] = ()) -> None:
    """Whole or not at all; ConfigError when it cannot be written."""
    write_text(path, plan_text(plan, form_of(path), findings))


def read_taken(path: Path) -> Taken:
    """A plan in another program's form; ConfigError for a file that is none."""
    form = form_of(path)
    if form is PlanForm.WAYPOINTS:
        raise ConfigError(
            f"a list of waypoints tells neither fence nor rally points: open {path.name} in "
            "QGroundControl, save it as a .plan, and give that",
            text_zh=f"航点列表不含围栏和备降点：请用 QGroundControl 打开{path.name}，另存为 .plan",
        )
    return _READERS[form](path)
