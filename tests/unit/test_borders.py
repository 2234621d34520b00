"""One border as it was drawn: what is taken over, what is mended, what is left out and why."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import GeometryCollection, LineString, MultiPolygon, Point, Polygon
from shapely.geometry.base import BaseGeometry

from missions.borders import DECIMALS, judge, winding
from missions.gcj02 import to_gcj02, to_wgs84
from patrol.plan import Level
from tests.districts import SOUTH, STEP, WEST, square

SQUARE = Polygon(square(0, 0))
CORNERS = list(SQUARE.exterior.coords)[:-1]
M2 = 1.0 / (102_250 * 110_760)  # square degrees in a square metre, about


def only(shape: BaseGeometry) -> tuple[object, str, Level]:
    border, findings = judge(shape, "G")
    assert len(findings) == 1, [finding.sentence for finding in findings]
    finding = findings[0]
    assert finding.text_zh != finding.text
    assert finding.areas == ("G",)
    return border, finding.code, finding.level


def test_a_sound_border_is_taken_as_it_is_drawn() -> None:
    border, findings = judge(SQUARE, "G")
    assert findings == []
    assert border is not None
    assert border.equals_exact(SQUARE, 1e-9)
    assert border.exterior.is_ccw


def test_a_border_that_runs_clockwise_is_turned_round_and_told() -> None:
    drawn = Polygon(CORNERS[::-1])
    border, findings = judge(drawn, "G")
    assert border is not None
    assert border.exterior.is_ccw
    assert findings == []
    (told,) = winding(drawn, border, "G")
    assert (told.code, told.level) == ("border.winding", Level.NOTE)
    assert winding(SQUARE, border, "G") == []


def test_a_ring_that_crosses_itself_is_left_out_with_the_place_and_the_ground_in_doubt() -> None:
    eight = Polygon([CORNERS[0], CORNERS[2], CORNERS[1], CORNERS[3]])
    border, findings = judge(eight, "G")
    assert border is None
    (told,) = findings
    assert (told.code, told.level) == ("border.crosses_itself", Level.STOP)
    assert told.place is not None
    assert told.place.lat_deg == pytest.approx(SOUTH + STEP / 2)
    assert told.place.lon_deg == pytest.approx(WEST + STEP / 2)
    assert told.area_m2 == pytest.approx(SQUARE.area / M2 / 2, rel=0.01)
    assert "自相交" in told.sentence_zh
    assert "公顷" in told.sentence_zh


def test_a_crossing_of_a_few_square_metres_is_mended_and_told() -> None:
    slip = [*CORNERS, (WEST + 5e-5, SOUTH + STEP / 2), (WEST, SOUTH + STEP / 2 + 4e-5)]
    slip += [(WEST - 3e-5, SOUTH + STEP / 2), (WEST + 4e-5, SOUTH + STEP / 2 + 5e-5)]
    border, findings = judge(Polygon(slip), "G")
    assert border is not None
    assert border.is_valid
    told = findings[0]
    assert (told.code, told.level) == ("border.mended", Level.WARN)
    assert told.area_m2 is not None
    assert 0.0 <= told.area_m2 < 100.0


def test_two_parts_that_touch_in_one_ring_are_mended_without_a_doubt() -> None:
    x, y = WEST + STEP / 2, SOUTH + STEP / 2
    pinched = Polygon([CORNERS[0], CORNERS[1], (x, y), CORNERS[2], CORNERS[3], (x, y)])
    border, findings = judge(pinched, "G")
    assert isinstance(border, MultiPolygon)
    assert findings[0].code == "border.mended"
    assert findings[0].area_m2 == pytest.approx(0.0, abs=0.1)


def test_a_hole_and_parts_are_kept_and_told_with_place_and_size() -> None:
    holed = Polygon(square(0, 0), [square(0.4, 0.4, 0.1)])
    border, findings = judge(MultiPolygon([holed, Polygon(square(3, 0))]), "G")
    assert isinstance(border, MultiPolygon)
    told = {finding.code: finding for finding in findings}
    assert set(told) == {"border.hole", "border.parts"}
    assert {finding.level for finding in findings} == {Level.NOTE}
    assert told["border.hole"].area_m2 == pytest.approx(SQUARE.area / M2 / 100, rel=0.01)
    assert "2 parts" in told["border.parts"].text


@pytest.mark.parametrize(
    ("shape", "code"),
    [
        (Polygon([(y, x) for x, y in CORNERS]), "border.coordinates"),
        (Polygon([(x * 1e5, y * 1e5) for x, y in CORNERS]), "border.coordinates"),
        (Polygon([*CORNERS[:2], (float("inf"), 23.0)]), "border.coordinates"),
        (LineString(CORNERS), "border.no_polygon"),
        (Point(CORNERS[0]), "border.no_polygon"),
        (Polygon(), "border.no_polygon"),
        (GeometryCollection(), "border.no_polygon"),
        (Polygon([CORNERS[0], CORNERS[1], (WEST + STEP / 2, SOUTH)]), "border.crosses_itself"),
        (Polygon(square(0, 0, 1e-4)), "border.no_area"),
    ],
)
def test_what_is_no_border_is_left_out_with_the_reason(shape: BaseGeometry, code: str) -> None:
    assert only(shape) == (None, code, Level.STOP)


def test_swapped_axes_and_metres_are_told_as_such() -> None:
    _, (swapped,) = judge(Polygon([(y, x) for x, y in CORNERS]), "G")
    assert "longitude and latitude are swapped" in swapped.text
    assert "经纬度写反" in swapped.text_zh
    assert swapped.place is not None
    assert swapped.place.lat_deg == pytest.approx(SOUTH, abs=2 * STEP)
    _, (metres,) = judge(Polygon([(x * 1e5, y * 1e5) for x, y in CORNERS]), "G")
    assert "metres of a projection" in metres.text
    assert "投影坐标" in metres.text_zh


def test_a_corner_that_is_no_number_is_told_with_the_place_beside_it() -> None:
    ring = [*CORNERS[:2], (float("nan"), 23.0), CORNERS[3]]
    with np.errstate(invalid="ignore"):
        drawn = shapely.from_wkb(_wkb(ring))
    _, (told,) = judge(drawn, "G")
    assert "NaN" in told.text
    assert told.place is not None
    assert told.place.lon_deg == pytest.approx(CORNERS[1][0])


def test_gcj_02_is_converted_at_the_door() -> None:
    drawn = shapely.transform(SQUARE, to_gcj02)
    border, findings = judge(drawn, "G", to_wgs84)
    assert findings == []
    assert border is not None
    assert border.hausdorff_distance(SQUARE) < 10**-DECIMALS


def circle(count: int, roughness: float) -> Polygon:
    chooser = np.random.default_rng(440512)
    around = np.linspace(0.0, 2.0 * np.pi, count, endpoint=False)
    far = 0.005 * (1.0 + roughness * chooser.random(count))
    return Polygon(np.c_[116.7 + far * np.cos(around), 23.25 + far * np.sin(around)])


@pytest.mark.parametrize(("roughness", "moved_m"), [(0.0, "0.02"), (0.001, "0.5")])
def test_of_a_million_corners_those_that_matter_are_kept(roughness: float, moved_m: str) -> None:
    drawn = circle(1_000_000, roughness)
    border, findings = judge(drawn, "G")
    assert border is not None
    assert border.is_valid
    assert shapely.get_num_coordinates(border) < 20_000
    assert findings[0].code == "border.corners"
    assert f"no more than {moved_m} m" in findings[0].text
    assert border.symmetric_difference(circle(2_000, 0.0)).area < 0.002 * border.area


corners = st.tuples(
    st.floats(-181.0, 181.0) | st.sampled_from([float("nan"), float("inf"), 1e300, 116.7]),
    st.floats(-91.0, 91.0) | st.sampled_from([float("nan"), -float("inf"), 23.25]),
)


@settings(max_examples=300)
@given(st.lists(corners, min_size=4, max_size=9))
def test_any_corners_give_a_valid_border_or_a_finding(found: list[tuple[float, float]]) -> None:
    with np.errstate(invalid="ignore"):
        ring = shapely.from_wkb(_wkb(found), on_invalid="ignore")
    if ring is None:
        return
    border, findings = judge(ring, "G")
    assert border is not None or any(finding.level is Level.STOP for finding in findings)
    if border is not None:
        assert border.is_valid
        assert border.area > 0.0


def _wkb(found: list[tuple[float, float]]) -> bytes:
    """A polygon as a file holds it, whatever its numbers are; closed by its first corner."""
    ring = [*found, found[0]]
    numbers = np.array(ring, dtype="<f8").tobytes()
    sizes = np.array([1, len(ring)], dtype="<u4").tobytes()
    return b"\x01\x03\x00\x00\x00" + sizes + numbers
