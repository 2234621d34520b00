"""The two pictures of a report as SVG: the sortie on its grid, and the counts before and after.

No tiles and no network: outlines, a scale bar and north. Colour is never the only sign.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

from ground_station.out.book import Language, SortiePages
from ground_station.out.wording import word
from ground_station.sorties import EffectRecord
from patrol.geo import Enu, GeoPoint, LocalFrame
from patrol.sighting import Count

WIDTH, MAP_HEIGHT, PLOT_HEIGHT = 720, 440, 260
_MARGIN = 30.0
_FONT = "Noto Sans SC, Noto Sans CJK SC, Microsoft YaHei, sans-serif"
_SCALES_M = (20, 50, 100, 200, 500, 1000, 2000, 5000)


@dataclass(slots=True)
class _Sheet:
    """SVG elements in the order in which they are drawn."""

    height: int
    parts: list[str] = field(default_factory=list)

    def line(
        self, points: Sequence[tuple[float, float]], style: str, *, closed: bool = False
    ) -> None:
        name = "polygon" if closed else "polyline"
        listed = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self.parts.append(f'<{name} points="{listed}" {style}/>')

    def circle(self, x: float, y: float, radius: float, style: str) -> None:
        self.parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" {style}/>')

    def text(self, x: float, y: float, text: str, *, size: int = 12, anchor: str = "start") -> None:
        self.parts.append(
            f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" '
            f'fill="#1a1a1a">{escape(text)}</text>'
        )

    def svg(self, label: str) -> str:
        body = "\n".join(self.parts)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {self.height}" '
            f'width="{WIDTH}" height="{self.height}" role="img" aria-label="{escape(label)}" '
            f'font-family="{_FONT}">\n'
            f'<rect width="{WIDTH}" height="{self.height}" fill="#ffffff"/>\n{body}\n</svg>'
        )


class _MapFrame:
    """Places to the sheet: true north up, the same scale both ways."""

    def __init__(self, places: Sequence[GeoPoint]) -> None:
        self._frame = LocalFrame(origin=places[0])
        flat = [self._frame.to_enu(place) for place in places]
        east = [at.east_m for at in flat]
        north = [at.north_m for at in flat]
        self._west_m, self._north_m = min(east), max(north)
        wide_m = max(max(east) - min(east), 1.0)
        high_m = max(max(north) - min(north), 1.0)
        self.px_per_m = min((WIDTH - 2 * _MARGIN) / wide_m, (MAP_HEIGHT - 2 * _MARGIN) / high_m)

    def at(self, place: GeoPoint) -> tuple[float, float]:
        enu: Enu = self._frame.to_enu(place)
        x = _MARGIN + (enu.east_m - self._west_m) * self.px_per_m
        y = _MARGIN + (self._north_m - enu.north_m) * self.px_per_m
        return x, y


def draw_map(
    pages: SortiePages, outline: Sequence[GeoPoint], language: Language, *, is_public: bool
) -> str:
    """Grid, fence, route, the track that was flown, and where the alerts were.

    The public sees the grid alone: where the aircraft hovered is where the crowd was.
    """
    plan = None if is_public else pages.plan
    fence = list(plan.fence) if plan else []
    route = [plan.home, *(w.point for w in plan.waypoints)] if plan else []
    track = [] if is_public else [at.point for at in pages.track]
    crowds = [] if is_public else [alert.place for alert in pages.alerts]
    everything = [*outline, *fence, *route, *track, *crowds]
    label = word("map", language)
    sheet = _Sheet(MAP_HEIGHT)
    if not everything:
        sheet.text(WIDTH / 2, MAP_HEIGHT / 2, word("no places", language), anchor="middle")
        return sheet.svg(label)
    frame = _MapFrame(everything)
    if outline:
        sheet.line(
            [frame.at(p) for p in outline], 'fill="#eef3ee" stroke="#55705a" stroke-width="1.5"',
            closed=True,
        )  # fmt: skip
    if fence:
        sheet.line(
            [frame.at(p) for p in fence],
            'fill="none" stroke="#8a4b00" stroke-width="1" stroke-dasharray="2 4"', closed=True,
        )  # fmt: skip
    if route:
        sheet.line(
            [frame.at(p) for p in (*route, route[0])],
            'fill="none" stroke="#777777" stroke-width="1.5" stroke-dasharray="8 5"',
        )
    if len(track) > 1:
        sheet.line([frame.at(p) for p in track], 'fill="none" stroke="#0b57a4" stroke-width="2"')
    if route:
        _home(sheet, frame.at(route[0]))
    for number, place in enumerate(crowds, 1):
        _crowd(sheet, frame.at(place), number)
    _scale_bar(sheet, frame.px_per_m)
    if not is_public:
        _legend(sheet, language, has_crowds=bool(crowds))
    return sheet.svg(label)


def _home(sheet: _Sheet, at: tuple[float, float]) -> None:
    sheet.circle(*at, 6, 'fill="#ffffff" stroke="#0b57a4" stroke-width="2"')
    sheet.text(at[0], at[1] + 4, "H", size=10, anchor="middle")


def _crowd(sheet: _Sheet, at: tuple[float, float], number: int) -> None:
    sheet.circle(*at, 9, 'fill="#fff4d6" stroke="#a40b0b" stroke-width="2"')
    sheet.text(at[0], at[1] + 4, str(number), size=11, anchor="middle")


def _scale_bar(sheet: _Sheet, px_per_m: float) -> None:
    longest = (WIDTH / 4) / px_per_m
    length_m = max((s for s in _SCALES_M if s <= longest), default=_SCALES_M[0])
    y, x = MAP_HEIGHT - 14.0, _MARGIN
    sheet.line([(x, y), (x + length_m * px_per_m, y)], 'stroke="#1a1a1a" stroke-width="3"')
    sheet.text(x, y - 6, f"{length_m} m", size=11)
    sheet.line(
        [(WIDTH - 24, 38), (WIDTH - 18, 20), (WIDTH - 12, 38)], 'fill="#1a1a1a"', closed=True
    )
    sheet.text(WIDTH - 18, 52, "N", size=12, anchor="middle")


def _legend(sheet: _Sheet, language: Language, *, has_crowds: bool) -> None:
    names = ["legend line"] + (["legend crowd"] if has_crowds else [])
    text = "; ".join(word(name, language) for name in names)
    sheet.text(WIDTH - _MARGIN, MAP_HEIGHT - 14, text, size=11, anchor="end")


def draw_effect(effect: EffectRecord, language: Language) -> str:
    """The count before and at each look after the words, with bounds; unseen is drawn as unseen."""
    sheet = _Sheet(PLOT_HEIGHT)
    points = _points(effect)
    highest = max((count.high for _, count in points if count.is_valid), default=1.0)
    top = max(5.0, math.ceil(highest / 5.0) * 5.0)
    longest_s = max(600.0, max((dt_s for dt_s, _ in points), default=600.0))
    left, right, bottom = 60.0, WIDTH - 30.0, PLOT_HEIGHT - 44.0

    def at(dt_s: float, people: float) -> tuple[float, float]:
        x = left + 40 + (right - left - 40) * max(dt_s, 0.0) / longest_s
        x = left + 14 if dt_s < 0 else x
        return x, bottom - (bottom - 24.0) * people / top

    _axes(sheet, (left, right, bottom), top, longest_s, language)
    seen = [(dt_s, count) for dt_s, count in points if count.is_valid]
    sheet.line(
        [at(dt_s, count.estimate) for dt_s, count in seen],
        'fill="none" stroke="#0b57a4" stroke-width="2"',
    )
    for dt_s, count in points:
        if count.is_valid:
            _bounds(sheet, at(dt_s, count.low), at(dt_s, count.high), at(dt_s, count.estimate))
            sheet.text(at(dt_s, 0)[0] + 6, at(dt_s, count.estimate)[1] - 6, f"{count.estimate:.0f}")
        else:
            sheet.text(at(dt_s, 0)[0], bottom - 8, "×", size=16, anchor="middle")
    return sheet.svg(effect_title(effect, language))


def effect_title(effect: EffectRecord, language: Language) -> str:
    """Of words, or of a crowd that nobody spoke to: one is never taken for the other."""
    return word("decay" if effect.is_natural else "effect", language)


def _points(effect: EffectRecord) -> list[tuple[float, Count]]:
    before = [(-1.0, effect.before)] if effect.before is not None else []
    return before + [(sample.dt_s, sample.count) for sample in effect.samples]


def _axes(
    sheet: _Sheet, box: tuple[float, float, float], top: float, longest_s: float, language: Language
) -> None:
    left, right, bottom = box
    style = 'fill="none" stroke="#1a1a1a" stroke-width="1"'
    sheet.line([(left, 18), (left, bottom), (right, bottom)], style)
    for share in (0.0, 0.5, 1.0):
        sheet.text(left - 6, bottom - (bottom - 24.0) * share + 4, f"{top * share:g}", anchor="end")
    sheet.text(left + 14, bottom + 16, word("before", language), size=11, anchor="middle")
    for minute in (1, 3, 5, 10):
        if minute * 60.0 <= longest_s:
            x = left + 40 + (right - left - 40) * minute * 60.0 / longest_s
            sheet.text(x, bottom + 16, f"+{minute} min", size=11, anchor="middle")
    sheet.text(left, 12, word("people axis", language), size=11)
    sheet.text(right, bottom + 34, word("unseen mark", language), size=11, anchor="end")


def _bounds(
    sheet: _Sheet, low: tuple[float, float], high: tuple[float, float], middle: tuple[float, float]
) -> None:
    style: Any = 'stroke="#0b57a4" stroke-width="1.5"'
    sheet.line([low, high], style)
    for x, y in (low, high):
        sheet.line([(x - 4, y), (x + 4, y)], style)
    sheet.circle(*middle, 3.5, 'fill="#0b57a4"')
