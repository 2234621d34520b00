"""Draws a register and what is wrong with it: one SVG, for a page and for a picture."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

import shapely
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

from missions.codes import GridLevel
from missions.grid import Grid
from missions.polygons import polygons_in
from missions.register import Register
from missions.register_findings import RegisterFinding, failures
from patrol.geo import GeoPoint
from patrol.plan import Level

_WIDTH_PX, _HEIGHT_MAX_PX, _MARGIN_PX = 1400.0, 1400.0, 24.0
_HEAD_PX, _ROW_PX = 64.0, 18.0
_NAMES_MAX = 60  # more names than these hide each other
_ROWS_MAX = 40
_LINE_MAX = 150  # letters of a finding in the picture
# Muted tints that neighbours rarely share; black on each of them reads well.
_TINTS = ("#e8f0e4", "#e4ecf4", "#f4eee0", "#efe6f2", "#e2f1f1", "#f5e6e4", "#ecefdd", "#e6e6f3")
_LINES_PX = {GridLevel.DISTRICT: 2.6, GridLevel.STREET: 1.8}
_MARKS = {Level.STOP: "#b3261e", Level.WARN: "#c77700", Level.NOTE: "#6b7280"}
_FONTS = "'Noto Sans SC','Source Han Sans SC','Microsoft YaHei',sans-serif"


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """Where degrees lie in the picture: a plain cylinder, as wide as it is at its middle."""

    west_deg: float
    north_deg: float
    east_px_per_deg: float
    north_px_per_deg: float
    height_px: float

    def at(self, lon_deg: float, lat_deg: float) -> tuple[float, float]:
        """Pixels from the left and the top."""
        return (
            _MARGIN_PX + (lon_deg - self.west_deg) * self.east_px_per_deg,
            _HEAD_PX + (self.north_deg - lat_deg) * self.north_px_per_deg,
        )


def to_svg(register: Register, findings: Sequence[RegisterFinding]) -> str:
    """The grids, the sites and a numbered mark for each finding that has a place."""
    frame = _frame([grid.shape for grid in register.grids])
    rows = failures(findings)[:_ROWS_MAX]
    height_px = frame.height_px + _HEAD_PX + _MARGIN_PX + _ROW_PX * (len(rows) + 1)
    body = "".join(
        [
            *_title(register, findings),
            *(_area(frame, grid) for grid in register.grids),
            *_upper_lines(frame, register),
            *_names(frame, register),
            *(_site(frame, site.point) for site in register.sites),
            *_marks(frame, findings),
            *_rows(rows, findings, frame.height_px + _HEAD_PX + _ROW_PX),
        ]
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH_PX:.0f}" '
        f'height="{height_px:.0f}" viewBox="0 0 {_WIDTH_PX:.0f} {height_px:.0f}" '
        f'font-family="{_FONTS}"><rect width="100%" height="100%" fill="#ffffff"/>{body}</svg>'
    )


def to_html(register: Register, findings: Sequence[RegisterFinding]) -> str:
    """A page by itself: the picture, and every finding in both languages."""
    rows = "".join(
        f"<tr class={finding.level.value}><td>{number}</td><td>{finding.level.value}</td>"
        f"<td>{escape(finding.code)}</td><td>{escape(finding.sentence_zh)}<br>"
        f"<small>{escape(finding.sentence)}</small></td></tr>"
        for number, finding in enumerate(findings, 1)
    )
    title = escape(f"{_name(register)} {register.version}")
    return (
        f'<!doctype html><html lang="zh"><meta charset="utf-8"><title>{title}</title>'
        f"<style>body{{font-family:{_FONTS};margin:1rem;color:#1f2937}}svg{{max-width:100%;"
        "height:auto;border:1px solid #d1d5db}td{padding:.3rem .6rem;border-bottom:1px solid "
        "#e5e7eb;vertical-align:top}.stop{color:#b3261e}.warn{color:#8a5200}</style>"
        f"{to_svg(register, findings)}<table>{rows}</table></html>\n"
    )


def _frame(shapes: Sequence[BaseGeometry]) -> Frame:
    """Around the grids; marks that lie elsewhere stay in the list alone."""
    west, south, east, north = (float(edge) for edge in shapely.total_bounds(list(shapes)))
    narrow = max(0.02, math.cos(math.radians((south + north) / 2)))
    wide_deg, high_deg = max(east - west, 1e-6) * narrow, max(north - south, 1e-6)
    room_px = _WIDTH_PX - 2 * _MARGIN_PX
    px_per_deg = min(room_px / wide_deg, _HEIGHT_MAX_PX / high_deg)
    return Frame(
        west_deg=west,
        north_deg=north,
        east_px_per_deg=px_per_deg * narrow,
        north_px_per_deg=px_per_deg,
        height_px=high_deg * px_per_deg,
    )


def _title(register: Register, findings: Sequence[RegisterFinding]) -> Iterator[str]:
    wrong = len(failures(findings))
    said = f"{_name(register)} · 版本 {register.version} · {len(register.grids)} grids 网格"
    yield _text(_MARGIN_PX, 28, said, size=18)
    told = f"{wrong} findings 处问题" if wrong else "no findings 未发现问题"
    if register.is_synthetic:
        told += " · SYNTHETIC 合成边界，仅供演练"
    yield _text(_MARGIN_PX, 50, told, size=13, fill="#b3261e" if wrong else "#4b5563")


def _name(register: Register) -> str:
    tops = [a for a in register.areas.values() if a.parent_code not in register.areas]
    return tops[0].name_zh if len(tops) == 1 else "网格名册 grid register"


def _area(frame: Frame, grid: Grid) -> str:
    tint = _TINTS[sum(map(ord, grid.parent_code or grid.code)) % len(_TINTS)]
    title = escape(f"{grid.code} {grid.name_spoken}")
    return (
        f'<path d="{_path(frame, polygons_in(grid.shape))}" fill="{tint}" fill-opacity=".8" '
        f'stroke="#9ca3af" stroke-width=".7" fill-rule="evenodd"><title>{title}</title></path>'
    )


def _upper_lines(frame: Frame, register: Register) -> Iterator[str]:
    leaves = {grid.code for grid in register.grids}
    for area in register.areas.values():
        if area.code not in leaves:
            yield (
                f'<path d="{_path(frame, polygons_in(area.shape))}" fill="none" stroke="#374151" '
                f'stroke-width="{_LINES_PX.get(area.level, 1.0)}"/>'
            )


def _path(frame: Frame, polygons: Sequence[Polygon]) -> str:
    rings = (ring for part in polygons for ring in (part.exterior, *part.interiors))
    return "".join(
        "M" + " ".join("{:.1f},{:.1f}".format(*frame.at(*place[:2])) for place in ring.coords) + "Z"
        for ring in rings
    )


def _names(frame: Frame, register: Register) -> Iterator[str]:
    leaves = {grid.code for grid in register.grids}
    named = [area for area in register.areas.values() if area.parent_code in register.areas]
    upper = [area for area in named if area.code not in leaves]
    for areas in (register.grids, upper):
        if len(areas) <= _NAMES_MAX:
            for area in areas:
                inside = area.shape.representative_point()
                x, y = frame.at(inside.x, inside.y)
                yield _text(x, y, area.name_zh, size=11, anchor="middle")
            return


def _site(frame: Frame, place: GeoPoint) -> str:
    x, y = frame.at(place.lon_deg, place.lat_deg)
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="#1d4ed8"/>'


def _marks(frame: Frame, findings: Sequence[RegisterFinding]) -> Iterator[str]:
    for number, finding in enumerate(findings, 1):
        if finding.place is None or finding.level is Level.NOTE:
            continue
        x, y = frame.at(finding.place.lon_deg, finding.place.lat_deg)
        if not (0 <= x <= _WIDTH_PX and _HEAD_PX <= y <= _HEAD_PX + frame.height_px):
            continue
        yield (
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="9" fill="none" stroke="{_MARKS[finding.level]}" '
            f'stroke-width="2.5"><title>{escape(finding.sentence_zh)}</title></circle>'
        )
        yield _text(x + 11, y - 7, str(number), size=13, fill=_MARKS[finding.level])


def _rows(
    rows: Sequence[RegisterFinding], findings: Sequence[RegisterFinding], top_px: float
) -> Iterator[str]:
    numbers = {id(finding): number for number, finding in enumerate(findings, 1)}
    for row, finding in enumerate(rows):
        said = f"{numbers[id(finding)]}. {finding.sentence_zh}"
        said = said if len(said) <= _LINE_MAX else said[: _LINE_MAX - 1] + "…"
        fill = _MARKS[finding.level]
        yield _text(_MARGIN_PX, top_px + _ROW_PX * (row + 0.5), said, size=12, fill=fill)


def _text(
    x_px: float, y_px: float, said: str, *, size: int, fill: str = "#1f2937", anchor: str = "start"
) -> str:
    return (
        f'<text x="{x_px:.1f}" y="{y_px:.1f}" font-size="{size}" fill="{fill}" '
        f'text-anchor="{anchor}">{escape(said)}</text>'
    )
