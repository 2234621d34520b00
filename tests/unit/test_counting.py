"""The lens decides: where counting is valid, and what would help, is said before take-off."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from missions.counting import counting_findings, leg_views
from missions.planner import plan_patrol
from missions.request import Task
from patrol.camera import CameraLens
from patrol.geo import Datum, Height
from patrol.pattern import Pattern
from patrol.plan import Finding, MissionPlan
from tests.unit.test_boundary import CENTRE, a_grid, a_request, a_shape, square
from tests.unit.test_plan_checks import a_good_plan, at_height

FULL_HD = CameraLens(width_px=1920, height_px=1080, hfov_deg=73.7)
ULTRA_HD = CameraLens(width_px=3840, height_px=2160, hfov_deg=73.7)


def flown(height_m: float, pitch_deg: float = -45.0) -> MissionPlan:
    plan = at_height(a_good_plan(), height_m)
    tilted = (replace(waypoint, gimbal_pitch_deg=pitch_deg) for waypoint in plan.waypoints)
    return replace(plan, waypoints=tuple(tilted))


def told(plan: MissionPlan, lens: CameraLens) -> dict[str, Finding]:
    return {finding.code: finding for finding in counting_findings(plan, lens)}


@pytest.mark.parametrize(
    ("lens", "height_m", "sampling_cm"),
    [(FULL_HD, 60.0, 4.7), (FULL_HD, 30.0, 2.3), (ULTRA_HD, 60.0, 2.3)],
)
def test_the_ground_is_sampled_as_the_published_figures_say(
    lens: CameraLens, height_m: float, sampling_cm: float
) -> None:
    seen = lens.footprint(height_agl_m=height_m, pitch_deg=-90.0)
    assert seen.sampling_m * 100.0 == pytest.approx(sampling_cm, abs=0.06)
    assert seen.axis_width_m == pytest.approx(2 * height_m * math.tan(math.radians(73.7 / 2)))


def test_from_thirty_metres_a_person_at_the_stand_off_is_tall_enough() -> None:
    view = leg_views(flown(30.0), FULL_HD)[1]
    assert view.standoff_m == 30.0
    assert view.standoff_px == pytest.approx(36.3, abs=1.0)  # "about 37 px" at a 42 m slant
    assert view.is_valid
    assert set(told(flown(30.0), FULL_HD)) == {"count.valid_range"}


def test_from_a_slant_of_fifty_five_metres_on_no_count_is_valid_and_the_remedies_are_told() -> None:
    high_m = 55.0 / math.sqrt(2.0) + 1.0
    finding = told(flown(high_m), FULL_HD)["count.invalid_at_standoff"]
    assert "fly at 38 m or lower" in finding.text
    assert "(4K has 3840)" in finding.text
    assert "degrees or narrower" in finding.text
    assert "降至38米以下" in finding.text_zh
    assert not leg_views(flown(high_m), FULL_HD)[1].is_valid


@settings(max_examples=60, deadline=None)
@given(st.floats(31.0, 110.0), st.floats(50.0, 100.0))
def test_every_remedy_that_is_told_makes_the_count_valid(height_m: float, hfov_deg: float) -> None:
    lens = CameraLens(width_px=1280, height_px=720, hfov_deg=hfov_deg)
    finding = told(flown(height_m), lens).get("count.invalid_at_standoff")
    if finding is None:
        return
    if " m or lower" in finding.text:
        lower_m = float(finding.text.split("fly at ")[1].split(" m")[0])
        assert leg_views(flown(lower_m), lens)[1].is_tall_enough
    if " px across" in finding.text:
        wide_px = int(finding.text.split("camera of ")[1].split(" px")[0])
        larger = replace(lens, width_px=wide_px + 1)
        assert leg_views(flown(height_m), larger)[1].standoff_px >= 27.99
    if "a lens of " in finding.text:
        narrow_deg = float(finding.text.split("a lens of ")[1].split(" deg")[0])
        narrow = replace(lens, hfov_deg=narrow_deg)
        assert leg_views(flown(height_m), narrow)[1].standoff_px >= 27.99


def test_with_720_lines_and_a_wide_lens_4k_or_a_narrower_one_is_asked_for() -> None:
    wide = CameraLens(width_px=1280, height_px=720, hfov_deg=84.0)
    finding = told(flown(30.0), wide)["count.invalid_at_standoff"]
    assert "(4K has 3840)" in finding.text
    assert told(flown(30.0), replace(wide, width_px=3840, height_px=2160)).keys() == {
        "count.valid_range"
    }


def test_a_camera_that_looks_past_the_lawful_distance_is_told_to_tilt_down() -> None:
    narrow = CameraLens(width_px=1280, height_px=720, hfov_deg=40.0)
    view = leg_views(flown(30.0, -12.0), narrow)[1]
    assert view.footprint.far_m == pytest.approx(30.0 / math.tan(math.radians(0.44)), rel=0.5)
    assert set(told(flown(45.0, -12.0), narrow)) >= {"count.out_of_picture"}
    down = told(flown(45.0, -40.0), narrow)
    assert "count.out_of_picture" not in down


def test_the_horizon_in_the_picture_is_told_and_is_no_number() -> None:
    finding = told(flown(30.0, -5.0), FULL_HD)["count.valid_range"]
    assert "to the horizon" in finding.text
    view = leg_views(flown(30.0, -5.0), FULL_HD)[1].to_dict()
    assert view["shows_to_m"] is None


def test_legs_of_two_heights_are_told_apart_with_their_numbers() -> None:
    plan = flown(30.0)
    waypoints = list(plan.waypoints)
    waypoints[2] = replace(waypoints[2], height=Height(metres=80.0, datum=Datum.HOME))
    found = list(counting_findings(replace(plan, waypoints=tuple(waypoints)), FULL_HD))
    wrong = [finding for finding in found if finding.code == "count.invalid_at_standoff"]
    assert len(wrong) == 1
    assert wrong[0].text.startswith("to waypoint 3: ")
    assert wrong[0].leg == 2


def test_on_ways_between_nothing_is_counted_and_nothing_told() -> None:
    grid = a_grid(a_shape(square(500.0)))
    request = replace(a_request(grid, CENTRE), task=Task(pattern=Pattern.SWEEP), height_agl_m=60.0)
    plan = plan_patrol(request).sorties[0].plan
    views = leg_views(plan, FULL_HD)
    assert not views[0].is_counting
    transit = {view.leg for view in views if not view.is_counting}
    assert not transit & {finding.leg for finding in counting_findings(plan, FULL_HD)}
