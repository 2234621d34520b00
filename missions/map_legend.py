"""What is written below a map: signs, figures and findings, in Chinese and English."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from missions.map_sheet import (
    AMBER,
    GREY,
    INK,
    MARGIN_PX,
    RED,
    WIDTH_PX,
    text,
    wrapped,
)
from missions.route_marks import FENCE_COLOUR, TRANSIT_DASH
from patrol.plan import Finding, Level

LEVEL_FILL = {Level.STOP: RED, Level.WARN: AMBER, Level.NOTE: INK}
LEVEL_ZH = {Level.STOP: "禁止", Level.WARN: "警告", Level.NOTE: "提示"}
HATCH = (
    '<defs><pattern id="hatch" width="8" height="8" patternUnits="userSpaceOnUse" '
    'patternTransform="rotate(45)"><rect width="8" height="8" fill="#f3f4f6"/>'
    '<rect width="2" height="8" fill="#9ca3af"/></pattern></defs>'
)
_SIZE, _LINE_PX, _UNDER_PX = 13.0, 21.0, 15.5
_SIGN_PX = 46.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Some words, after a line or a box in a colour where there is one."""

    said: str
    fill: str = INK
    colour: str = ""  # of its sign
    dash: str = ""
    size: float = _SIZE


def legend(rows: Sequence[Row], top_px: float, bottom_gap_px: float = 20.0) -> tuple[str, float]:
    """The drawn rows, and where they end."""
    parts, y_px = [], top_px
    for row in rows:
        indent_px = _SIGN_PX if row.colour else 0.0
        lines = wrapped(row.said, row.size, WIDTH_PX - 2 * MARGIN_PX - indent_px)
        for number, line in enumerate(lines):
            # What is said smaller belongs to the line above it.
            y_px += _UNDER_PX if row.size < _SIZE else _LINE_PX * row.size / _SIZE
            parts.append(text(MARGIN_PX + indent_px, y_px, line, size=row.size, fill=row.fill))
            if row.colour and not number:
                parts.append(_sign(row, y_px))
    return "".join(parts), y_px + bottom_gap_px


def sign_rows(
    *, has_zones: bool = False, has_rally: bool = False, has_forbidden: bool = False
) -> list[Row]:
    """What the lines mean."""
    said = [
        Row(said="实线：计数航段 solid: people are counted", colour=INK),
        Row(
            said="虚线：转场，不计数 dashed: on the way, nobody is counted; 点线：返航 dotted: "
            "the way home",
            colour=INK, dash=TRANSIT_DASH,
        ),
        Row(said="电子围栏 fence   ▲ 起飞点 launch point" + ("   □ 备降点 rally point" * has_rally),
            colour=FENCE_COLOUR, dash="10 3 2 3"),
    ]  # fmt: skip
    if has_zones:
        said.append(Row(said="空域限制 airspace zone", colour="#7e22ce", dash="2 2"))
    if has_forbidden:
        said.append(
            Row(said="○ 红圈：该航段不得飞行 ring: the leg to this waypoint is forbidden", fill=RED)
        )
    return said


def finding_rows(findings: Sequence[Finding]) -> Iterator[Row]:
    """The gravest first, each once, in both languages."""
    told: set[tuple[str, str]] = set()
    for level in (Level.STOP, Level.WARN, Level.NOTE):
        for one in findings:
            if one.level is not level or (one.code, one.text_zh) in told:
                continue
            told.add((one.code, one.text_zh))
            yield Row(said=f"{LEVEL_ZH[level]}：{one.text_zh}", fill=LEVEL_FILL[level])
            yield Row(said=f"{level.value}: {one.text}", fill=GREY, size=11.0)


def finding_table(findings: Sequence[Finding]) -> str:
    """For the page: with the leg and the article."""
    return "".join(
        f"<tr class={one.level.value}><td>{LEVEL_ZH[one.level]} {one.level.value}</td>"
        f"<td>{'' if one.leg is None else one.leg + 1}</td>"
        f"<td>{escape(one.text_zh)}<br><small>{escape(one.text)}</small></td>"
        f"<td>{escape(one.article)}</td></tr>"
        for level in (Level.STOP, Level.WARN, Level.NOTE)
        for one in findings if one.level is level
    )  # fmt: skip


def _sign(row: Row, y_px: float) -> str:
    dash = f' stroke-dasharray="{row.dash}"' if row.dash else ""
    return (
        f'<line x1="{MARGIN_PX:.1f}" y1="{y_px - 4:.1f}" x2="{MARGIN_PX + _SIGN_PX - 10:.1f}" '
        f'y2="{y_px - 4:.1f}" stroke="{row.colour}" stroke-width="3"{dash}/>'
    )
