"""The lens decides: what each leg's picture shows, and whether people can be counted in it.

Said before take-off: whoever flies where no count is valid flies for nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

from missions.findings import note, warn
from missions.request import STANDOFF_MIN_M
from patrol.camera import CameraLens, Footprint
from patrol.plan import Finding, MissionPlan, Waypoint

COUNTING_SPEED_MAX_M_S = 5.0  # DOMAIN 4.3 validity
PERSON_HEIGHT_PX_MIN = 28.0  # DOMAIN 4.3 validity
_LOWEST_M = 10.0  # lower than this is no remedy
_NARROWEST_DEG = 5.0
_ULTRA_HD_PX = 3840


@dataclass(frozen=True, slots=True, kw_only=True)
class LegView:
    """What the camera shows on the leg to one waypoint, over flat ground."""

    leg: int  # index of the waypoint that it ends at
    height_agl_m: float
    pitch_deg: float
    speed_m_s: float
    is_counting: bool
    footprint: Footprint
    standoff_m: float
    standoff_px: float  # how tall a person is there
    nearest_m: float  # that is lawful and in the picture
    nearest_px: float
    valid_m: tuple[float, float] | None  # where a person is tall enough

    @property
    def is_tall_enough(self) -> bool:
        """From the lawful distance on, wherever the camera points."""
        return self.valid_m is not None and self.valid_m[1] > self.standoff_m

    @property
    def is_valid(self) -> bool:
        """Whether somebody who may be looked at and is in the picture can be counted."""
        is_seen = self.nearest_px >= PERSON_HEIGHT_PX_MIN and self.nearest_m < self.footprint.far_m
        return self.is_tall_enough and is_seen and self.speed_m_s <= COUNTING_SPEED_MAX_M_S

    def to_dict(self) -> dict[str, float | int | bool | None]:
        """JSON form; no number where the picture shows the horizon."""
        seen = self.footprint
        return {
            "leg": self.leg,
            "height_agl_m": self.height_agl_m,
            "pitch_deg": self.pitch_deg,
            "speed_m_s": self.speed_m_s,
            "shows_from_m": round(seen.near_m, 1),
            "shows_to_m": _finite(seen.far_m),
            "width_m": _finite(seen.axis_width_m),
            "sampling_cm_px": _finite(seen.sampling_m * 100.0),
            "standoff_m": self.standoff_m,
            "standoff_person_px": round(self.standoff_px, 1),
            "person_px": round(self.nearest_px, 1),
            "is_counting": self.is_counting,
            "is_valid": self.is_valid,
        }


def leg_views(plan: MissionPlan, lens: CameraLens) -> list[LegView]:
    """One for each leg, the way out included."""
    # A sweep has hundreds of legs and few ways to fly them.
    known: dict[tuple[float, float | None, float, bool], LegView] = {}
    views = []
    for leg, one in enumerate(plan.waypoints):
        is_counting = not one.is_transit or one.hold_s > 0.0
        key = (one.height.metres, one.gimbal_pitch_deg, one.speed_m_s, is_counting)
        if key not in known:
            known[key] = _view(one, lens, leg, is_counting=is_counting)
        views.append(replace(known[key], leg=leg))
    return views


def counting_findings(plan: MissionPlan, lens: CameraLens) -> Iterator[Finding]:
    """For legs alike one finding, with their numbers; nothing of ways between."""
    alike: dict[LegView, list[int]] = {}
    for view in leg_views(plan, lens):
        if view.is_counting:
            alike.setdefault(replace(view, leg=0), []).append(view.leg)
    for view, legs in alike.items():
        where, where_zh = _numbers(legs, len(plan.waypoints))
        yield (
            _tall_enough(view, legs, where, where_zh)
            if view.is_tall_enough
            else _too_small(view, lens, legs, where, where_zh)
        )
        if view.is_tall_enough and view.nearest_px < PERSON_HEIGHT_PX_MIN:
            yield _tilted(view, legs, where, where_zh)


def _view(waypoint: Waypoint, lens: CameraLens, leg: int, *, is_counting: bool) -> LegView:
    height_m = max(waypoint.height.metres, 0.1)
    pitch_deg = waypoint.gimbal_pitch_deg if waypoint.gimbal_pitch_deg is not None else 0.0
    seen = lens.footprint(height_agl_m=height_m, pitch_deg=pitch_deg)
    standoff_m = max(STANDOFF_MIN_M, height_m)
    nearest_m = max(standoff_m, seen.near_m)

    def tall_px(range_m: float) -> float:
        return lens.person_height_px(range_m=range_m, height_agl_m=height_m)

    return LegView(
        leg=leg,
        height_agl_m=waypoint.height.metres,
        pitch_deg=pitch_deg,
        speed_m_s=waypoint.speed_m_s,
        is_counting=is_counting,
        footprint=seen,
        standoff_m=standoff_m,
        standoff_px=tall_px(standoff_m),
        nearest_m=nearest_m,
        nearest_px=tall_px(nearest_m) if math.isfinite(nearest_m) else 0.0,
        valid_m=lens.valid_ranges_m(
            height_agl_m=height_m, person_height_px_min=PERSON_HEIGHT_PX_MIN
        ),
    )


def _picture(view: LegView) -> tuple[str, str]:
    """What is in the picture, at the end of a sentence."""
    seen = view.footprint
    end, end_zh = "the horizon", "地平线"
    if math.isfinite(seen.far_m):
        end, end_zh = f"{seen.far_m:.0f} m", f"{seen.far_m:.0f}米"
    text = f"; the camera shows {seen.near_m:.0f} m to {end}"
    text_zh = f"；画面范围{seen.near_m:.0f}米至{end_zh}"
    if not math.isfinite(seen.axis_width_m):
        return text, text_zh
    sampling_cm = seen.sampling_m * 100.0
    return (
        f"{text}, in the middle {seen.axis_width_m:.0f} m wide and {sampling_cm:.1f} cm a pixel",
        f"{text_zh}，中部宽{seen.axis_width_m:.0f}米，{sampling_cm:.1f}厘米/像素",
    )


def _tall_enough(view: LegView, legs: list[int], where: str, where_zh: str) -> Finding:
    near_m, far_m = view.valid_m or (0.0, 0.0)
    picture, picture_zh = _picture(view)
    return note(
        "count.valid_range",
        f"{where}counting is valid from {near_m:.0f} m to {far_m:.0f} m; at the lawful "
        f"{view.standoff_m:.0f} m a person is {view.standoff_px:.0f} px tall{picture}",
        f"{where_zh}计数有效距离{near_m:.0f}至{far_m:.0f}米；"
        f"法定距离{view.standoff_m:.0f}米处人像高{view.standoff_px:.0f}像素{picture_zh}",
        leg=legs[0],
    )


def _too_small(
    view: LegView, lens: CameraLens, legs: list[int], where: str, where_zh: str
) -> Finding:
    ways = list(_remedies(view, lens))
    remedy = f"; {' or '.join(way for way, _ in ways)}" if ways else "; no lens that we know helps"
    remedy_zh = f"；可{'，或'.join(way for _, way in ways)}" if ways else "；无可行的镜头"
    return warn(
        "count.invalid_at_standoff",
        f"{where}at the lawful {view.standoff_m:.0f} m a person is {view.standoff_px:.0f} px tall "
        f"({PERSON_HEIGHT_PX_MIN:.0f} needed): counting will be invalid{remedy}",
        f"{where_zh}在法定距离{view.standoff_m:.0f}米处人像高{view.standoff_px:.0f}像素"
        f"（需{PERSON_HEIGHT_PX_MIN:.0f}像素），计数无效{remedy_zh}",
        leg=legs[0],
    )


def _remedies(view: LegView, lens: CameraLens) -> Iterator[tuple[str, str]]:
    """What would make the count valid, each by itself."""
    lower_m = _valid_height_m(view, lens)
    if lower_m is not None:
        yield f"fly at {lower_m:.0f} m or lower", f"将高度降至{lower_m:.0f}米以下"
    share = PERSON_HEIGHT_PX_MIN / view.standoff_px
    if lens.width_px * share <= _ULTRA_HD_PX:
        yield (
            f"take a camera of {math.ceil(lens.width_px * share)} px across (4K has "
            f"{_ULTRA_HD_PX})",
            f"换用横向{math.ceil(lens.width_px * share)}像素以上的相机（4K为{_ULTRA_HD_PX}）",
        )
    narrow_deg = math.degrees(2.0 * math.atan(lens.width_px / 2.0 / (lens.focal_px * share)))
    if narrow_deg >= _NARROWEST_DEG:
        yield (
            f"a lens of {math.floor(narrow_deg)} degrees or narrower",
            f"换用视场角不大于{math.floor(narrow_deg)}度的镜头",
        )


def _valid_height_m(view: LegView, lens: CameraLens) -> float | None:
    """The greatest height, in whole metres, at which the count is valid from the stand-off."""
    for height_m in range(math.ceil(view.height_agl_m) - 1, int(_LOWEST_M) - 1, -1):
        standoff_m = max(STANDOFF_MIN_M, float(height_m))
        tall_px = lens.person_height_px(range_m=standoff_m, height_agl_m=float(height_m))
        if tall_px >= PERSON_HEIGHT_PX_MIN:
            return float(height_m)
    return None


def _tilted(view: LegView, legs: list[int], where: str, where_zh: str) -> Finding:
    down_deg = math.degrees(math.atan2(view.height_agl_m, view.standoff_m))
    return warn(
        "count.out_of_picture",
        f"{where}the picture begins {view.nearest_m:.0f} m away, where a person is "
        f"{view.nearest_px:.0f} px tall: counting will be invalid; tilt the camera down, to "
        f"-{down_deg:.0f} degrees at the most",
        f"{where_zh}画面最近处距{view.nearest_m:.0f}米，人像高{view.nearest_px:.0f}像素，计数无效；"
        f"请下压云台，至多{down_deg:.0f}度",
        leg=legs[0],
    )


def _numbers(legs: list[int], count: int) -> tuple[str, str]:
    """Which waypoints the legs lead to; nothing where it is all of them, or all but the way out."""
    if len(legs) >= count - 1:
        return "", ""
    spans: list[list[int]] = []
    for leg in legs:
        if spans and spans[-1][-1] == leg - 1:
            spans[-1].append(leg)
        else:
            spans.append([leg])
    words = [f"{one[0] + 1} to {one[-1] + 1}" if one[1:] else f"{one[0] + 1}" for one in spans]
    words_zh = [f"{one[0] + 1}至{one[-1] + 1}" if one[1:] else f"{one[0] + 1}" for one in spans]
    return f"to waypoint {', '.join(words)}: ", f"飞往航点{'、'.join(words_zh)}："


def _finite(value: float) -> float | None:
    return round(value, 1) if math.isfinite(value) else None
