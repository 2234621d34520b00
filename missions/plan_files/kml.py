"""A plan as KML with heights, for map programs, and back again.

It is read by expat, which is told to refuse a document type: without one there are no entities.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn
from xml.etree.ElementTree import Element, TreeBuilder  # noqa: S405  # built, not parsed, by it
from xml.parsers import expat  # noqa: S407  # no document type, so no entities
from xml.sax.saxutils import escape  # noqa: S406  # writes

from missions.plan_files.features import (
    FENCE,
    HOME,
    RALLY,
    ROUTE,
    WAYPOINT,
    Mark,
    legs_of,
    summary_of,
    taken_from,
)
from missions.plan_files.taken import (
    PLACES_MAX,
    NoPlace,
    Taken,
    not_a,
    place,
    read_bytes,
    too_many,
    why_not,
)
from patrol.geo import Datum, GeoPoint, Height
from patrol.plan import Finding, MissionPlan

KML = "KML"
_MODES = {
    Datum.HOME: "relativeToGround", Datum.GROUND: "relativeToGround", Datum.AMSL: "absolute",
}  # fmt: skip
_STYLES = (
    '<Style id="route"><LineStyle><color>ffd05a1f</color><width>3</width></LineStyle></Style>'
    '<Style id="fence"><LineStyle><color>ff1e26b3</color><width>2</width></LineStyle>'
    "<PolyStyle><fill>0</fill></PolyStyle></Style>"
)
_SHAPES = ("Point", "LineString", "Polygon")
_DEEP = 60


def to_kml(plan: MissionPlan, findings: Sequence[Finding] = ()) -> str:
    """Route, fence, home, waypoints and rally points, and every finding in the description."""
    marks = {"plan_id": plan.plan_id, "grid_code": plan.grid_code, "exercise": plan.is_exercise}
    first = Height(metres=0.0, datum=Datum.GROUND)
    ways = [(plan.home, first), *((one.point, one.height) for one in plan.waypoints)]
    route = _shape("LineString", [*ways, ways[0]])
    corners = [(point, None) for point in (*plan.fence, plan.fence[0])]
    body = [
        _placemark(ROUTE, f"{plan.grid_name} {plan.pattern}", route, marks | summary_of(plan)),
        _placemark(FENCE, "围栏 fence", _shape("Polygon", corners), marks),
        _placemark(HOME, "起飞点 launch point", _shape("Point", [(plan.home, None)]), marks),
    ]
    for waypoint, leg in zip(plan.waypoints, legs_of(plan, findings), strict=True):
        shape = _shape("Point", [(waypoint.point, waypoint.height)])
        body.append(_placemark(WAYPOINT, str(leg["number"]), shape, marks | leg))
    for rally in plan.rally_points:
        said = marks | {"ground_above_home_m": rally.ground_above_home_m}
        shape = _shape("Point", [(rally.point, None)])
        body.append(_placemark(RALLY, "备降点 rally point", shape, said))
    told = "\n".join(f"{one.level.value}: {one.text_zh} {one.text}" for one in findings)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<kml xmlns="http://www.opengis.net/kml/2.2"><Document>\n'
        f"<name>{_text(plan.grid_name)} {_text(plan.plan_id)}</name>\n"
        f"<description>{_text(told)}</description>\n{_STYLES}\n"
        + "\n".join(body)
        + "\n</Document></kml>\n"
    )


def read_plan_kml(path: Path) -> Taken:
    """The flight in a KML; ConfigError with the reason when there is none."""
    content = read_bytes(path)
    try:
        root = _tree(content)
        marks = [_mark(one) for one in _named(root, "Placemark")]
        count = sum(len(mark.corners) for mark in marks)
        if len(marks) > PLACES_MAX or count > 2 * PLACES_MAX:
            raise too_many(KML, path, max(len(marks), count))
        return taken_from(KML, marks)
    except (KeyError, TypeError, ValueError, IndexError, expat.ExpatError) as error:
        raise not_a(KML, path, *why_not(error)) from error


def _placemark(kind: str, name: str, shape: str, said: dict[str, Any]) -> str:
    data = "".join(
        f'<Data name="{key}"><value>{_text(json.dumps(value, ensure_ascii=False))}</value></Data>'
        for key, value in ({"kind": kind} | said).items()
        if value is not None
    )
    style = f"<styleUrl>#{kind}</styleUrl>" if kind in (ROUTE, FENCE) else ""
    return (
        f"<Placemark><name>{_text(name)}</name>{style}<ExtendedData>{data}</ExtendedData>"
        f"{shape}</Placemark>"
    )


def _shape(kind: str, corners: Sequence[tuple[GeoPoint, Height | None]]) -> str:
    """Longitude first; heights above the ground, or above the sea where they are so planned."""
    heights = [height for _, height in corners if height is not None]
    mode = _MODES[heights[-1].datum] if heights else "clampToGround"
    listed = " ".join(
        f"{point.lon_deg:.7f},{point.lat_deg:.7f}"
        + ("" if height is None else f",{height.metres:.3f}")
        for point, height in corners
    )
    inner = f"<coordinates>{listed}</coordinates>"
    if kind == "Polygon":
        inner = f"<outerBoundaryIs><LinearRing>{inner}</LinearRing></outerBoundaryIs>"
    return f"<{kind}><altitudeMode>{mode}</altitudeMode>{inner}</{kind}>"


def _text(said: str) -> str:
    """Escaped, and without the control characters that XML has no form for."""
    kept = "".join(c for c in said if c in "\t\n" or (c >= " " and c not in "\ufffe\uffff"))
    return escape(kept.encode("utf-8", "replace").decode("utf-8"))


def _tree(content: bytes) -> Element:
    """The elements, their names without a namespace; NoPlace for a document type."""
    parser, builder = expat.ParserCreate(namespace_separator=" "), TreeBuilder()
    depth = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _DEEP:
            raise NoPlace("it is nested too deep", "嵌套过深")
        builder.start(name.rpartition(" ")[2], attributes)

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(name.rpartition(" ")[2])

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.buffer_text = True
    parser.Parse(content, True)
    root = builder.close()
    if root.tag != "kml":
        raise NoPlace(f"its outermost element is {root.tag!s:.30}", "最外层元素不是kml")
    return root


def _refuse_doctype(*_: object) -> NoReturn:
    raise NoPlace("it brings a document type, which is not read", "含文档类型声明，不予读取")


def _named(root: Element, name: str) -> Iterator[Element]:
    return root.iter(name)


def _mark(placemark: Element) -> Mark:
    said = {
        str(data.get("name")): _value((data.findtext("value") or "").strip())
        for data in placemark.iter("Data")
    }
    name = (placemark.findtext("name") or "").strip()[:30]
    shapes = [found for kind in _SHAPES for found in placemark.iter(kind)]
    if len(shapes) != 1 or list(placemark.iter("innerBoundaryIs")):
        raise NoPlace(
            f"the placemark {name!r} is no single point, line or polygon without holes",
            f"地标{name!r}不是单一的点、线或无空洞的多边形",
        )
    shape = shapes[0]
    text = next((one.text or "" for one in shape.iter("coordinates")), "")
    corners = tuple(_corner(position) for position in text.split())
    if not corners:
        raise NoPlace(f"the placemark {name!r} has no coordinates", f"地标{name!r}没有坐标")
    mode = next((one.text or "" for one in shape.iter("altitudeMode")), "").strip()
    above = {"relativeToGround": Datum.GROUND.value, "absolute": Datum.AMSL.value}.get(mode)
    heights = corners if above else tuple((point, None) for point, _ in corners)
    return Mark(
        shape=shape.tag, corners=heights, name=name,
        said=({"height_above": above} if above else {}) | said,
    )  # fmt: skip


def _corner(position: str) -> tuple[GeoPoint, float | None]:
    parts = [_float(part) for part in position.split(",")]
    if len(parts) < 2:
        raise NoPlace(f"{position!s:.30} is no position", f"{position!s:.30}不是坐标")
    return place(parts[1], parts[0]), parts[2] if len(parts) > 2 else None


def _float(text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise NoPlace(f"{text!s:.30} is no number", f"{text!s:.30}不是数值") from error


def _value(text: str) -> Any:  # noqa: ANN401  # a JSON value, or words of another program
    try:
        return json.loads(text)
    except ValueError:
        return text
