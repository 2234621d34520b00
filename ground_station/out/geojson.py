"""Sorties, sightings, cases and grids as GeoJSON (RFC 7946): WGS-84, longitude first, no `crs`.

Outer rings run counter-clockwise, at most seven decimals. A public export places nothing nearer
than the grid's middle, tells no small counts, no route and no track, and no number that leads into
the district's own records.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ground_station.casework.case import Case
from ground_station.out.book import Audience, DayBook, SortiePages, told_count
from patrol.clock import SHANGHAI
from patrol.geo import GeoPoint, to_geojson
from patrol.plan import MissionPlan
from patrol.sighting import Count

DATUM_NOTE = "WGS-84; GCJ-02 nowhere in this file. 坐标系为 WGS-84（非 GCJ-02）"
_DECIMALS = 7

Feature = dict[str, Any]


def day_collection(book: DayBook, grids: Mapping[str, Any], audience: Audience) -> Feature:
    """The day's grids with how they were seen, its sorties and its cases."""
    middles = {code: _middle(geometry) for code, geometry in grids.items()}
    features = [_visit_feature(book, visit, grids.get(visit.code)) for visit in book.visits]
    for pages in book.sorties:
        features += sortie_features(pages, audience, middles)
    features += [_case_feature(case, audience, middles) for case in book.cases]
    return collection(features)


def sortie_collection(
    pages: SortiePages, audience: Audience, grids: Mapping[str, Any] | None = None
) -> Feature:
    """Route, fence, track, sightings and alerts of one sortie."""
    middles = {code: _middle(geometry) for code, geometry in (grids or {}).items()}
    features = sortie_features(pages, audience, middles)
    features += [_case_feature(case, audience, middles) for case in pages.cases]
    return collection(features)


def collection(features: Iterable[Feature]) -> Feature:
    """A FeatureCollection; what has no place is a Feature without geometry, as RFC 7946 allows."""
    return {"type": "FeatureCollection", "features": list(features)}


def sortie_features(
    pages: SortiePages, audience: Audience, middles: Mapping[str, list[float]]
) -> list[Feature]:
    """What belongs to a sortie; the public gets where its crowds were by grid only."""
    marks = {"sortie": pages.record.sortie_id, "exercise": pages.record.is_exercise}
    is_internal = audience is Audience.INTERNAL
    # Where it hovered is where the crowd was, and home is where the squad stands.
    features = _route_features(pages.plan, marks) if pages.plan and is_internal else []
    if len(pages.track) > 1 and is_internal:
        line = [to_geojson(at.point) for at in pages.track]
        ends = {"from": _told(pages.track[0].time_utc), "to": _told(pages.track[-1].time_utc)}
        features.append(_feature("LineString", line, marks | {"kind": "track"} | ends))
    for alert in pages.alerts:
        told: Feature = {
            "kind": "alert",
            "level": alert.level.value,
            "state": alert.state.value,
            "outcome": alert.outcome.value if alert.outcome else None,
            "raised": _told(alert.raised_utc),
            "grid_code": alert.grid_code,
        }
        if is_internal:
            told["id"] = alert.alert_id
        where = _place(alert.place, alert.grid_code, audience, middles)
        features.append(_point(where, marks | told | _counts(alert.count, audience)))
    if is_internal:
        for sighting in pages.sightings:
            details: Feature = {
                "kind": "sighting",
                "id": sighting.sighting_id,
                "stage": sighting.stage.value,
                "rule": sighting.rule,
                "time": _told(sighting.time_utc),
                "grid_code": sighting.grid_code,
                "error_m": round(sighting.error_m, 1),
            }
            counts = _counts(sighting.count, audience)
            # Anonymous positions are told to the metre, DOMAIN P-1.
            features.append(_point(_to_the_metre(sighting.place), marks | details | counts))
    return features


def _route_features(plan: MissionPlan, marks: dict[str, Any]) -> list[Feature]:
    route = [to_geojson(point) for point in (plan.home, *(w.point for w in plan.waypoints))]
    return [
        _feature("LineString", [*route, route[0]], marks | {"kind": "route", "plan": plan.plan_id}),
        _feature("Polygon", [outer_ring(plan.fence)], marks | {"kind": "fence"}),
        _feature("Point", route[0], marks | {"kind": "home"}),
    ]


def _visit_feature(book: DayBook, visit: Any, geometry: Any) -> Feature:
    properties = {
        "kind": "grid",
        "grid_code": visit.code,
        "name": visit.name,
        "day": book.day.isoformat(),
        "visit": visit.visit.value,
        "flown_share": round(visit.flown_share, 3),
        "sorties": list(visit.sortie_ids),
        "register_version": book.register_version,
        "datum_note": DATUM_NOTE,
    }
    return {
        "type": "Feature",
        "properties": properties,
        "geometry": None if geometry is None else _wound(geometry),
    }


def _case_feature(case: Case, audience: Audience, middles: Mapping[str, list[float]]) -> Feature:
    properties: dict[str, Any] = {
        "kind": "case",
        "item": case.kind,
        "severity": case.severity.value,
        "tier": case.tier.value,
        "state": case.state.value,
        "state_zh": case.state.zh,
        "grid_code": case.grid_code,
        "filed": _told(case.filed_utc),
        "exercise": case.is_exercise,
    } | _counts(case.count, audience)
    if audience is Audience.INTERNAL:
        properties |= {
            "case_no": case.case_no,
            "owner_unit": case.owner.unit,
            "due": _told(case.due_utc),
        }
    return _point(_place(case.place, case.grid_code, audience, middles), properties)


def _counts(count: Count, audience: Audience) -> dict[str, Any]:
    """Bounds; what was not counted is null and never 0."""
    if not count.is_valid:
        return {"count_low": None, "count_est": None, "count_high": None}
    if audience is Audience.PUBLIC:
        return {"count_est": told_count(count.estimate, audience)}
    return {
        "count_low": round(count.low, 1),
        "count_est": round(count.estimate, 1),
        "count_high": round(count.high, 1),
    }


def _place(
    place: GeoPoint, grid_code: str | None, audience: Audience, middles: Mapping[str, list[float]]
) -> list[float] | None:
    if audience is Audience.INTERNAL:
        return _to_the_metre(place)
    return middles.get(grid_code or "")


def _to_the_metre(place: GeoPoint) -> list[float]:
    return [round(place.lon_deg, 5), round(place.lat_deg, 5)]


def outer_ring(points: Sequence[GeoPoint]) -> list[list[float]]:
    """A closed ring, counter-clockwise as RFC 7946 wants an outer one."""
    return _ring([to_geojson(point) for point in points], is_outer=True)


def _ring(positions: Sequence[Sequence[float]], *, is_outer: bool) -> list[list[float]]:
    ring = [[round(value, _DECIMALS) for value in position[:2]] for position in positions]
    if ring and ring[0] != ring[-1]:
        ring.append(ring[0])
    is_counter_clockwise = _signed_area(ring) > 0
    return ring if is_counter_clockwise == is_outer else ring[::-1]


def _signed_area(ring: Sequence[Sequence[float]]) -> float:
    pairs = zip(ring, ring[1:], strict=False)
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in pairs) / 2.0


def _wound(geometry: Mapping[str, Any]) -> dict[str, Any]:
    """A polygon or several with every ring the right way round."""

    def polygon(rings: Sequence[Sequence[Sequence[float]]]) -> list[list[list[float]]]:
        return [_ring(ring, is_outer=number == 0) for number, ring in enumerate(rings)]

    kind, coordinates = geometry["type"], geometry["coordinates"]
    if kind == "Polygon":
        return {"type": kind, "coordinates": polygon(coordinates)}
    if kind == "MultiPolygon":
        return {"type": kind, "coordinates": [polygon(rings) for rings in coordinates]}
    return dict(geometry)


def _middle(geometry: Mapping[str, Any]) -> list[float]:
    """The mean corner of the first outer ring: which grid it was, and no nearer."""
    ring = geometry["coordinates"][0]
    if geometry["type"] == "MultiPolygon":
        ring = ring[0]
    corners = ring[:-1] if ring[0] == ring[-1] else ring
    return [round(sum(corner[axis] for corner in corners) / len(corners), 5) for axis in (0, 1)]


def _told(moment: Any) -> str:
    return str(moment.astimezone(SHANGHAI).isoformat(timespec="seconds"))


def _point(position: list[float] | None, properties: dict[str, Any]) -> Feature:
    if position is None:
        return {"type": "Feature", "properties": properties, "geometry": None}
    return _feature("Point", position, properties)


def _feature(kind: str, coordinates: list[Any], properties: dict[str, Any]) -> Feature:
    return {
        "type": "Feature",
        "properties": properties | {"datum_note": DATUM_NOTE},
        "geometry": {"type": kind, "coordinates": coordinates},
    }
