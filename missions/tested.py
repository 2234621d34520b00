"""Records of test flights: a route is TESTED when one says so, else it is a DRAFT (DOMAIN 5.3).

`tests/flight/test_route.py` writes them; here they are read, and every minimum is looked at again.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from patrol.clock import parse_utc, utc_text
from patrol.errors import ConfigError
from patrol.plan import Finding, Level, MissionPlan

TESTED_FORMAT = "gridpatrol-route-tested/1"
TESTED_SUFFIX = ".tested.json"
# Of every flight; stand-off and separation only where there was a crowd or another aircraft.
HEIGHT = "height above terrain"
MINIMA_NEEDED = ("fence", HEIGHT, "battery at landing")
_PX4 = "PX4"
# What holds is for us to say and not for the record, whose own floors may be stricter only.
# `tests/flight/minima.py` measures against the same.
FLOORS = {
    "fence": 0.0, "stand-off": 30.0, "separation": 30.0, "battery at landing": 10.0,
}  # fmt: skip
HEIGHT_SLACK_M = 2.0  # below the lowest waypoint; the ground under a twin is flat


@dataclass(frozen=True, slots=True, kw_only=True)
class Minimum:
    """The least that a flight kept; not measured is not held."""

    value: float | None
    floor: float
    unit: str

    @property
    def is_held(self) -> bool:
        """Measured, and not below its floor."""
        return self.value is not None and self.value >= self.floor


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteTest:
    """What one test flight of a route showed."""

    plan_id: str
    plan_digest: str
    route_digest: str
    grid_code: str
    register_version: str
    flown_on: str  # "sim 0.1.0" or "PX4 1.16.1"
    flown_utc: datetime
    minima: Mapping[str, Minimum]

    @property
    def has_passed(self) -> bool:
        """All that a flight must measure was measured, and everything measured held."""
        is_whole = all(name in self.minima for name in MINIMA_NEEDED)
        return is_whole and all(
            minimum.is_held and (minimum.value or 0.0) >= FLOORS.get(name, 0.0)
            for name, minimum in self.minima.items()
        )

    def proves(self, plan: MissionPlan) -> bool:
        """Whether this very route was flown, no lower than it is planned, and held."""
        height = self.minima.get(HEIGHT)
        if height is None or height.value is None or self.route_digest != plan.route_digest:
            return False
        lowest_m = min(waypoint.height.metres for waypoint in plan.waypoints)
        return self.has_passed and height.value >= lowest_m - HEIGHT_SLACK_M

    @property
    def is_on_px4(self) -> bool:
        """Whether it was the autopilot that real aircraft carry."""
        return self.flown_on.startswith(_PX4)

    def to_dict(self) -> dict[str, Any]:
        """JSON form; whatever becomes of the route, the flight was an exercise."""
        return {
            "format": TESTED_FORMAT,
            "state": "TESTED" if self.has_passed else "DRAFT",
            "plan_id": self.plan_id,
            "plan_digest": self.plan_digest,
            "route_digest": self.route_digest,
            "grid_code": self.grid_code,
            "register_version": self.register_version,
            "is_exercise": True,
            "flown_on": self.flown_on,
            "flown_utc": utc_text(self.flown_utc),
            "minima": {
                name: {"value": one.value, "floor": one.floor, "unit": one.unit}
                for name, one in self.minima.items()
            },
        }


def record_path(plan_file: Path) -> Path:
    """Where the record of a plan file's test flight is: beside it."""
    return plan_file.with_name(plan_file.stem + TESTED_SUFFIX)


def read_route_test(path: Path) -> RouteTest:
    """A record; ConfigError when it is none."""
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
        if body["format"] != TESTED_FORMAT:
            raise ValueError(f"not a {TESTED_FORMAT} file but {body['format']!r}")
        return RouteTest(
            plan_id=str(body["plan_id"]),
            plan_digest=str(body["plan_digest"]),
            route_digest=str(body["route_digest"]),
            grid_code=str(body["grid_code"]),
            register_version=str(body["register_version"]),
            flown_on=str(body["flown_on"]),
            flown_utc=parse_utc(body["flown_utc"]),
            minima={str(name): _minimum(one) for name, one in body["minima"].items()},
        )
    except OSError as error:
        raise ConfigError(
            f"the record cannot be read: {path} ({error.strerror})",
            text_zh=f"无法读取试飞记录：{path}（{error.strerror}）",
        ) from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ConfigError(
            f"not a record of a test flight: {path} ({error!r})",
            text_zh=f"不是试飞记录：{path}（{error!r}）",
        ) from error


def _minimum(body: dict[str, Any]) -> Minimum:
    value = body["value"]
    measured = None if value is None else float(value)
    floor = float(body["floor"])
    if not math.isfinite(floor) or (measured is not None and not math.isfinite(measured)):
        raise ValueError(f"not a minimum: {body}")
    return Minimum(value=measured, floor=floor, unit=str(body["unit"]))


def route_findings(plan: MissionPlan, records: Iterable[Path]) -> list[Finding]:
    """Whether this very route was flown on a twin and held; a live flight stops where it was not.

    A record that cannot be read is told and proves nothing.
    """
    passed, unread = [], []
    for path in records:
        try:
            flight = read_route_test(path)
        except ConfigError as error:
            unread.append(_unreadable(str(error)))
        else:
            if flight.proves(plan):
                passed.append(flight)
    if not passed:
        return [*unread, _untested(plan)]
    return [*unread, _tested(plan, max(passed, key=lambda f: (f.is_on_px4, f.flown_utc)))]


def _tested(plan: MissionPlan, flight: RouteTest) -> Finding:
    minima = ", ".join(f"{name} {one.value:.1f} {one.unit}" for name, one in flight.minima.items())
    is_enough = plan.is_exercise or flight.is_on_px4
    date = utc_text(flight.flown_utc)[:10]
    return Finding(
        code="route.tested",
        level=Level.NOTE if is_enough else Level.WARN,
        text=f"the route is TESTED: flown whole on {flight.flown_on} on {date} ({minima})"
        + ("" if is_enough else "; no PX4 has flown it yet"),
        text_zh=f"航线已测试：{date}在{flight.flown_on}上完整试飞，各项下限均满足"
        + ("" if is_enough else "；尚未在PX4上试飞"),
        hint="" if is_enough else _hint(plan),
    )


def _untested(plan: MissionPlan) -> Finding:
    return Finding(
        code="route.untested",
        level=Level.WARN if plan.is_exercise else Level.STOP,
        text="the route is a DRAFT: no test flight of it is on record",
        text_zh="航线为草稿：没有该航线的试飞记录",
        hint=_hint(plan),
    )


def _hint(plan: MissionPlan) -> str:
    return (
        f"pytest tests/flight/test_route.py --route {plan.plan_id}.json --px4 DIR flies it on a "
        "twin and writes the record beside the plan"
    )


def _unreadable(reason: str) -> Finding:
    return Finding(
        code="route.record_unreadable",
        level=Level.WARN,
        text=f"a record of a test flight proves nothing: {reason}",
        text_zh="试飞记录无法读取，不作为依据",
        hint=reason,
    )
