"""Domain objects as the JSON of the API: nothing is decided here."""

from __future__ import annotations

from typing import Any

from patrol.camera import CameraLens
from patrol.geo import GeoPoint, to_geojson
from patrol.plan import Finding, MissionPlan
from patrol.sighting import Cluster, Count, Look
from patrol.telemetry import FlightMode, TelemetrySample


def count_view(count: Count) -> dict[str, Any]:
    """Bounds rounded to a tenth of a person."""
    return {
        "low": round(count.low, 1),
        "estimate": round(count.estimate, 1),
        "high": round(count.high, 1),
        "is_valid": count.is_valid,
    }


def findings_view(findings: list[Finding]) -> list[dict[str, Any]]:
    """Every finding, gravest first."""
    order = {"stop": 0, "warn": 1, "note": 2}
    return [f.to_dict() for f in sorted(findings, key=lambda finding: order[finding.level.value])]


def aircraft_view(sample: TelemetrySample, now_wall_s: float) -> dict[str, Any]:
    """One aircraft with the age of what it said."""
    velocity, battery, camera = sample.velocity, sample.battery, sample.camera
    return {
        "id": sample.vehicle_id,
        "lat_deg": sample.position.lat_deg if sample.position else None,
        "lon_deg": sample.position.lon_deg if sample.position else None,
        "height_above_home_m": _rounded(sample.height_above_home_m, 1),
        "heading_true_deg": _rounded(sample.heading_true_deg, 0),
        "speed_m_s": round((velocity.north_m_s**2 + velocity.east_m_s**2) ** 0.5, 1)
        if velocity
        else None,
        "battery_pct": _rounded(battery.charge_pct, 0) if battery else None,
        "mode": sample.mode.value,
        "is_armed": sample.is_armed,
        "is_in_air": sample.is_in_air,
        "link_age_s": round(max(0.0, now_wall_s - sample.heard_at_s), 1),
        "home": to_geojson(sample.home) if sample.home else None,
        "camera": {
            "bearing_true_deg": round(camera.bearing_true_deg, 1),
            "pitch_deg": round(camera.pitch_deg, 1),
        }
        if camera
        else None,
    }


def look_view(look: Look, now_wall_s: float) -> dict[str, Any]:
    """The newest look: boxes in pixels, its age and why it does not count when it does not."""
    return {
        "captured_utc": look.captured_utc.isoformat().replace("+00:00", "Z"),
        "age_s": round(max(0.0, now_wall_s - look.captured_at_s), 2),
        "is_valid": look.is_valid,
        "reason": look.reason,
        "boxes": [
            [*(round(edge) for edge in person.box_px), round(person.score, 2)]
            for person in look.people
        ],
        "size_px": list(look.size_px),
        "rate_hz": round(look.rate_hz, 1),
        "latency_s": round(look.latency_s, 2),
    }


def people_view(look: Look) -> list[list[float]]:
    """Anonymous places, rounded to about a metre (five decimals)."""
    return [
        [round(person.point.lon_deg, 5), round(person.point.lat_deg, 5)] for person in look.people
    ]


def crowd_view(cluster: Cluster, standoff_m: float) -> dict[str, Any]:
    """The cluster that matters most now."""
    return {
        "place": to_geojson(cluster.centre),
        "radius_m": round(cluster.radius_m, 1),
        "error_m": round(cluster.error_m, 1),
        "count": count_view(cluster.count),
        "standoff_m": standoff_m,
    }


def plan_view(plan: MissionPlan) -> dict[str, Any]:
    """The plan as a map draws it."""
    return {
        "plan_id": plan.plan_id,
        "grid_code": plan.grid_code,
        "grid_name": plan.grid_name,
        "pattern": plan.pattern,
        "sortie_number": plan.sortie_number,
        "sortie_count": plan.sortie_count,
        "waypoints": [to_geojson(waypoint.point) for waypoint in plan.waypoints],
        "fence": [to_geojson(point) for point in plan.fence],
        "home": to_geojson(plan.home),
        "length_m": round(plan.length_m),
        "duration_s": round(plan.duration_s),
        "battery_need_pct": round(plan.battery_need_pct),
    }


def lens_of(width_px: int, height_px: int, hfov_deg: float) -> CameraLens:
    """The configured camera's lens."""
    return CameraLens(width_px=width_px, height_px=height_px, hfov_deg=hfov_deg)


def place_view(point: GeoPoint) -> list[float]:
    """GeoJSON pair."""
    return to_geojson(point)


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)


def adopted_view(fields: dict[str, Any]) -> dict[str, Any]:
    """Where a sortie stands that was found in the air."""
    state = "HOLDING" if fields["held"] else "AIRBORNE"
    if fields["mode"] in (FlightMode.RETURN.value, FlightMode.LAND.value):
        state = "RETURNING"
    return {"state": state, "waypoint_index": fields["waypoint"]}
