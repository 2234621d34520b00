"""What a permit is good for: its question, area, time and height, and the zones that it names."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from shapely.geometry import Point

from missions.airspace import Airspace, AirspaceZone, ZoneKind
from missions.law import Outcome
from missions.papers import Link, PermitKind, PilotPapers
from patrol.camera import CameraLens
from patrol.geo import Datum, Height, offset, to_geojson
from patrol.plan import Level
from tests.ground_core import MORNING, PLACE
from tests.unit.test_clearance import (
    DRONE,
    FAR_OFF,
    LIVE,
    PERMIT,
    SKY,
    answer,
    cleared,
    papers,
    stopping,
)


def a_zone(kind: ZoneKind = ZoneKind.CONTROLLED) -> Airspace:
    """One that the plan's only waypoint lies in."""
    area = Point(*to_geojson(PLACE)).buffer(0.001)
    zone = AirspaceZone(
        zone_id="Z-1", kind=kind, name="变电站", shape=area, source="tests",
        fetched_utc=SKY.fetched_utc,
    )  # fmt: skip
    return replace(SKY, zones=(zone,))


def test_a_controlled_zone_is_closed_until_a_permit_names_it() -> None:
    """For which a light aircraft's pilot is trained, Art. 17."""
    assert stopping(cleared(airspace=a_zone())) == ["zones"]
    permit = replace(PERMIT, reasons=("19",), zones=("Z-1",))
    pilot = PilotPapers(person="Hong", training_no="T1", training_until=FAR_OFF)
    trained = papers(permits=(permit,), pilots=(pilot,))
    made = cleared(trained, airspace=a_zone(), pilot="Hong")
    assert made.is_cleared
    assert made.permit_ids == ("P-1",)
    assert "P-1" in answer(made, "zones").text
    assert stopping(cleared(papers(permits=(permit,)), airspace=a_zone())) == ["training"]
    low = papers(permits=(replace(permit, max_height_agl_m=20.0),), pilots=(pilot,))
    assert stopping(cleared(low, airspace=a_zone())) == ["zones"]


def test_a_permit_opens_no_zone_that_shares_its_name_with_another() -> None:
    sky = a_zone()
    far = Point(PLACE.lon_deg + 1.0, PLACE.lat_deg).buffer(0.001)
    twin = replace(sky.zones[0], zone_id="Z-9", shape=far)
    pilot = PilotPapers(person="Hong", training_no="T1", training_until=FAR_OFF)

    def found(named: str, *zones: AirspaceZone) -> list[str]:
        permit = replace(PERMIT, reasons=("19",), zones=(named,))
        trained = papers(permits=(permit,), pilots=(pilot,))
        return stopping(cleared(trained, airspace=replace(sky, zones=zones), pilot="Hong"))

    assert found("变电站", *sky.zones) == []
    assert found("变电站", *sky.zones, twin) == ["zones"]
    assert found("Z-1", *sky.zones, twin) == []
    nameless = replace(sky.zones[0], zone_id="")
    assert found("", nameless) == ["zones"]


def test_a_zone_of_a_day_cites_the_article_of_its_own_kind() -> None:
    made = cleared(airspace=a_zone(ZoneKind.TEMP))
    (finding,) = [one for one in made.findings if one.code == "clearance.zones"]
    assert finding.article.endswith("第二十条")


def test_no_permit_opens_what_may_not_be_filmed() -> None:
    permit = replace(PERMIT, reasons=("19",), zones=("Z-1", "变电站"))
    made = cleared(papers(permits=(permit,)), airspace=a_zone(ZoneKind.NO_SHOOT))
    assert stopping(made) == ["zones"]
    assert "任何许可均不适用" in answer(made, "zones").text_zh


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({}, ""),
        ({"reasons": ("31.2.2",)}, "未涵盖31.2.1"),
        ({"grids": ("440512002",)}, "未涵盖网格"),
        ({"to_utc": MORNING + timedelta(minutes=5)}, "时间不符"),
        ({"from_utc": MORNING + timedelta(minutes=5)}, "时间不符"),
        ({"max_height_agl_m": 29.0}, "高度不符"),
        ({"decided_utc": None}, "尚未批准"),
        ({"decided_utc": MORNING + timedelta(minutes=1)}, "尚未批准"),
        ({"kind": PermitKind.LONG_TERM}, "未报备2026-11-24的飞行计划"),
        ({"kind": PermitKind.LONG_TERM, "filed_days": (date(2026, 11, 24),)}, ""),
    ],
)
def test_a_permit_has_to_fit_question_area_time_and_height(
    changes: dict[str, Any], word: str
) -> None:
    given = papers(replace(DRONE, link=Link.PUBLIC_NETWORK), permits=(replace(PERMIT, **changes),))
    made = cleared(given)
    if not word:
        assert made.is_cleared
        assert made.permit_ids == ("P-1",)
        assert answer(made, "art31.relay").outcome is Outcome.WARN
    else:
        assert stopping(made) == ["art31.relay"]
        assert word in answer(made, "art31.relay").text_zh
    assert answer(made, "art31.relay").is_yes


def test_over_ground_lower_than_home_the_way_home_is_higher_than_it_is_over_home() -> None:
    """Home on a hill of 60 m: 30 m above home are 90 m above the grid."""
    (waypoint,) = LIVE.waypoints
    low = replace(
        waypoint, height=Height(metres=30.0, datum=Datum.GROUND), ground_above_home_m=-60.0
    )
    plan = replace(LIVE, waypoints=(low,))
    given = papers(replace(DRONE, link=Link.PUBLIC_NETWORK), permits=(PERMIT,))
    assert cleared(given).is_cleared
    assert stopping(cleared(given, plan=plan)) == ["art31.relay"], "its permit goes up to 60 m"
    high = replace(a_zone().zones[0], floor_agl_m=70.0)
    sky = replace(SKY, zones=(high,))
    assert stopping(cleared(airspace=sky)) == []
    assert stopping(cleared(airspace=sky, plan=plan)) == ["zones"]
    deep = replace(plan, waypoints=(replace(low, ground_above_home_m=-95.0),))
    assert "ceiling" in stopping(cleared(plan=deep))


def test_at_the_launch_an_approved_flight_has_been_reported_and_confirmed() -> None:
    permit = replace(PERMIT, report_ref=None)
    given = papers(replace(DRONE, link=Link.PUBLIC_NETWORK), permits=(permit,))
    assert answer(cleared(given), "report").outcome is Outcome.NOTE
    assert stopping(cleared(given, is_launch=True)) == ["report"]


def test_what_may_not_be_filmed_is_asked_about_at_the_take_off_and_not_of_the_plan_alone() -> None:
    """Art. 34: the route keeps out of it, and the picture shows it."""
    (waypoint,) = LIVE.waypoints
    north = replace(waypoint, gimbal_pitch_deg=-30.0, camera_bearing_true_deg=0.0)
    plan = replace(LIVE, waypoints=(north,))
    area = Point(*to_geojson(offset(PLACE, east_m=0.0, north_m=50.0))).buffer(0.0001)
    later = MORNING + timedelta(hours=2)
    zone = AirspaceZone(
        zone_id="Z-2", kind=ZoneKind.NO_SHOOT, name="营区", shape=area, source="tests",
        fetched_utc=SKY.fetched_utc, from_utc=later,
    )  # fmt: skip
    sky = replace(SKY, zones=(zone,))
    lens = CameraLens(width_px=1280, height_px=720, hfov_deg=60.0)
    assert stopping(cleared(plan=plan, airspace=sky, lens=lens)) == []
    made = cleared(plan=plan, airspace=sky, lens=lens, takeoff_utc=later)
    assert stopping(made) == ["zones"]
    assert "营区" in answer(made, "zones").text_zh
    assert next(one for one in made.findings if one.level is Level.STOP).article.endswith(
        "三十四条"
    )


@pytest.mark.parametrize(
    ("changes", "is_reported"),
    [
        ({}, True),
        ({"to_utc": MORNING + timedelta(days=30)}, False),
        ({"to_utc": MORNING + timedelta(days=30), "report_day": date(2026, 11, 24)}, True),
        ({"to_utc": MORNING + timedelta(days=30), "report_day": date(2026, 11, 23)}, False),
        ({"report_day": date(2026, 11, 23)}, False),
        ({"to_utc": MORNING + timedelta(days=30), "report_day": date(2026, 11, 24),
          "report_ref": None}, False),
    ],
)  # fmt: skip
def test_the_report_of_another_days_take_off_confirms_nothing(
    changes: dict[str, Any], is_reported: bool
) -> None:
    """Art. 30: each take-off is reported, under a permit of a month as under one of an hour."""
    given = papers(replace(DRONE, link=Link.PUBLIC_NETWORK), permits=(replace(PERMIT, **changes),))
    assert stopping(cleared(given, is_launch=True)) == ([] if is_reported else ["report"])
