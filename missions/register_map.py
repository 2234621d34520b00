"""Draws a register and what is wrong with it: one SVG, for a page and for a picture."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from missions.codes import GridLevel
from missions.grid import Grid
from missions.map_sheet import (
    HEAD_PX,
    MARGIN_PX,
    ROW_PX,
    Frame,
    frame_around,
    page,
    path_of,
    sheet,
    text,
)
from missions.polygons import polygons_in
from missions.register import Register
from missions.register_findings import RegisterFinding, failures
from patrol.geo import GeoPoint
from patrol.plan import Level

_NAMES_MAX = 60  # more names than these hide each other
_ROWS_MAX = 40
_LINE_MAX = 150  # letters of a finding in the picture
# Muted tints that neighbours rarely share; black on each of them reads well.
_TINTS = ("#e8f0e4", "#e4ecf4", "#f4eee0", "#efe6f2", "#e2f1f1", "#f5e6e4", "#ecefdd", "#e6e6f3")
_LINES_PX = {GridLevel.DISTRICT: 2.6, GridLevel.STREET: 1.8}
_MARKS = {Level.STOP: "#b3261e", Level.WARN: "#c77700", Level.NOTE: "#6b7280"}


def to_svg(register: Register, findings: Sequence[RegisterFinding]) -> str:
    """The grids, the sites and a numbered mark for each finding that has a place."""
    frame = frame_around([grid.shape for grid in register.grids])
    rows = failures(findings)[:_ROWS_MAX]
    height_px = frame.height_px + HEAD_PX + MARGIN_PX + ROW_PX * (len(rows) + 1)
    body = "".join(
        [
            *_title(register, findings),
            *(_area(frame, grid) for grid in register.grids),
            *_upper_lines(frame, register),
            *_names(frame, register),
            *(_site(frame, site.point) for site in register.sites),
            *_marks(frame, findings),
            *_rows(rows, findings, frame.height_px + HEAD_PX + ROW_PX),
        ]
    )
    return sheet(body, height_px)


def to_html(register: Register, findings: Sequence[RegisterFinding]) -> str:
    """A page by itself: the picture, and every finding in both languages."""
    rows = "".join(
        f"<tr class={finding.level.value}><td>{number}</td><td>{finding.level.value}</td>"
        f"<td>{escape(finding.code)}</td><td>{escape(finding.sentence_zh)}<br>"
        f"<small>{escape(finding.sentence)}</small></td></tr>"
        for number, finding in enumerate(findings, 1)
    )
    return page(f"{_name(register)} {register.version}", to_svg(register, findings), rows)


def _title(register: Register, findings: Sequence[RegisterFinding]) -> Iterator[str]:
    wrong = len(failures(findings))
    said = f"{_name(register)} · 版本 {register.version} · {len(register.grids)} grids 网格"
    yield text(MARGIN_PX, 28, said, size=18)
    told = f"{wrong} findings 处问题" if wrong else "no findings 未发现问题"
    if register.is_synthetic:
        told += " · SYNTHETIC 合成边界，仅供演练"
    yield text(MARGIN_PX, 50, told, size=13, fill="#b3261e" if wrong else "#4b5563")


def _name(register: Register) -> str:
    tops = [a for a in register.areas.values() if a.parent_code not in register.areas]
    return tops[0].name_zh if len(tops) == 1 else "网格名册 grid register"


def _area(frame: Frame, grid: Grid) -> str:
    tint = _TINTS[sum(map(ord, grid.parent_code or grid.code)) % len(_TINTS)]
    title = escape(f"{grid.code} {grid.name_spoken}")
    return (
        f'<path d="{path_of(frame, polygons_in(grid.shape))}" fill="{tint}" fill-opacity=".8" '
        f'stroke="#9ca3af" stroke-width=".7" fill-rule="evenodd"><title>{title}</title></path>'
    )


def _upper_lines(frame: Frame, register: Register) -> Iterator[str]:
    leaves = {grid.code for grid in register.grids}
    for area in register.areas.values():
        if area.code not in leaves:
            yield (
                f'<path d="{path_of(frame, polygons_in(area.shape))}" fill="none" stroke="#374151" '
                f'stroke-width="{_LINES_PX.get(area.level, 1.0)}"/>'
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
                yield text(x, y, area.name_zh, size=11, anchor="middle")
            return


def _site(frame: Frame, place: GeoPoint) -> str:
    x, y = frame.at(place.lon_deg, place.lat_deg)
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="#1d4ed8"/>'


def _marks(frame: Frame, findings: Sequence[RegisterFinding]) -> Iterator[str]:
    for number, finding in enumerate(findings, 1):
        if finding.place is None or finding.level is Level.NOTE:
            continue
        x, y = frame.at(finding.place.lon_deg, finding.place.lat_deg)
        if not frame.has(x, y):
            continue
        yield (
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="9" fill="none" stroke="{_MARKS[finding.level]}" '
            f'stroke-width="2.5"><title>{escape(finding.sentence_zh)}</title></circle>'
        )
        yield text(x + 11, y - 7, str(number), size=13, fill=_MARKS[finding.level])


def _rows(
    rows: Sequence[RegisterFinding], findings: Sequence[RegisterFinding], top_px: float
) -> Iterator[str]:
    numbers = {id(finding): number for number, finding in enumerate(findings, 1)}
    for row, finding in enumerate(rows):
        said = f"{numbers[id(finding)]}. {finding.sentence_zh}"
        said = said if len(said) <= _LINE_MAX else said[: _LINE_MAX - 1] + "…"
        fill = _MARKS[finding.level]
        yield text(MARGIN_PX, top_px + ROW_PX * (row + 0.5), said, size=12, fill=fill)
