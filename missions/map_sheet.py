"""What every drawn map has in common: one SVG with names, lines and rows, for a page and a picture.

The fonts named here are on most machines; a picture takes Noto Sans SC from the installation.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html import escape

import shapely
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

WIDTH_PX, HEIGHT_MAX_PX, MARGIN_PX = 1400.0, 1400.0, 24.0
HEAD_PX, ROW_PX = 64.0, 18.0
FONTS = "'Noto Sans SC','Source Han Sans SC','Microsoft YaHei',sans-serif"
INK, GREY, RED, AMBER = "#1f2937", "#6b7280", "#b3261e", "#8a5200"
_METRES_PER_DEG = 110_950.0  # of latitude, within half a per cent
_SCALES_M = (10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000)
_CLOSING = "，。；：、！？）》”’"  # no line begins with these
_WIDE = 0x2E80  # from here on a letter is as wide as it is high


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """A map, as a picture and as a page."""

    svg: str
    html: str


@dataclass(slots=True)
class Room:
    """Where something is written already: of two names in one place the first is kept."""

    taken: list[tuple[float, float, float, float]] = field(default_factory=list)

    def take(self, x_px: float, y_px: float, wide_px: float, high_px: float) -> bool:
        """Whether a box around a middle was free; it is not any more."""
        box = (x_px - wide_px / 2, y_px - high_px / 2, x_px + wide_px / 2, y_px + high_px / 2)
        for west, north, east, south in self.taken:
            if box[0] < east and west < box[2] and box[1] < south and north < box[3]:
                return False
        self.taken.append(box)
        return True


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
            MARGIN_PX + (lon_deg - self.west_deg) * self.east_px_per_deg,
            HEAD_PX + (self.north_deg - lat_deg) * self.north_px_per_deg,
        )

    def has(self, x_px: float, y_px: float) -> bool:
        """Whether a place lies on the map and not in what is written around it."""
        return 0.0 <= x_px <= WIDTH_PX and HEAD_PX <= y_px <= HEAD_PX + self.height_px


def frame_around(shapes: Sequence[BaseGeometry], height_max_px: float = HEIGHT_MAX_PX) -> Frame:
    """Around shapes in degrees, longitude first."""
    west, south, east, north = (float(edge) for edge in shapely.total_bounds(list(shapes)))
    narrow = max(0.02, math.cos(math.radians((south + north) / 2)))
    wide_deg, high_deg = max(east - west, 1e-6) * narrow, max(north - south, 1e-6)
    room_px = WIDTH_PX - 2 * MARGIN_PX
    px_per_deg = min(room_px / wide_deg, height_max_px / high_deg)
    # What is high and narrow stands in the middle.
    spare_deg = (room_px / px_per_deg - wide_deg) / 2.0 / narrow
    return Frame(
        west_deg=west - spare_deg,
        north_deg=north,
        east_px_per_deg=px_per_deg * narrow,
        north_px_per_deg=px_per_deg,
        height_px=high_deg * px_per_deg,
    )


def sheet(body: str, height_px: float) -> str:
    """The whole SVG."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH_PX:.0f}" '
        f'height="{height_px:.0f}" viewBox="0 0 {WIDTH_PX:.0f} {height_px:.0f}" '
        f'font-family="{FONTS}"><rect width="100%" height="100%" fill="#ffffff"/>{body}</svg>'
    )


def page(title: str, svg: str, table: str) -> str:
    """A page by itself, that fetches nothing: the picture, and a table below it."""
    return (
        f'<!doctype html><html lang="zh"><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>body{{font-family:{FONTS};margin:1rem;color:{INK}}}svg{{max-width:100%;"
        "height:auto;border:1px solid #d1d5db}td{padding:.3rem .6rem;border-bottom:1px solid "
        f"#e5e7eb;vertical-align:top}}.stop{{color:{RED}}}.warn{{color:{AMBER}}}</style>"
        f"{svg}<table>{table}</table></html>\n"
    )


def path_of(frame: Frame, polygons: Sequence[Polygon]) -> str:
    """Rings as the `d` of a path."""
    rings = (ring for part in polygons for ring in (part.exterior, *part.interiors))
    return "".join(
        "M" + " ".join("{:.1f},{:.1f}".format(*frame.at(*place[:2])) for place in ring.coords) + "Z"
        for ring in rings
    )


def scale_mark(frame: Frame) -> str:
    """North, and how long a round number of metres is, in the map's lower right corner."""
    px_per_m = frame.north_px_per_deg / _METRES_PER_DEG
    long_m = max(one for one in _SCALES_M if one == _SCALES_M[0] or one * px_per_m <= 220.0)
    right, y = WIDTH_PX - MARGIN_PX, HEAD_PX + frame.height_px - 12.0
    left, top = right - long_m * px_per_m, HEAD_PX + frame.height_px - 44.0
    said = f"{long_m} m" if long_m < 1000 else f"{long_m // 1000} km"
    return (
        f'<path d="M{left:.1f},{y - 5:.1f}V{y:.1f}H{right:.1f}V{y - 5:.1f}" fill="none" '
        f'stroke="{INK}" stroke-width="1.5"/>'
        + text((left + right) / 2, y - 6, said, size=12, anchor="middle", is_haloed=True)
        + f'<path d="M{right - 8:.1f},{top:.1f}l6,18l-6,-5l-6,5Z" fill="{INK}"/>'
        + text(right - 8, top - 4, "北 N", size=11, anchor="middle", is_haloed=True)
    )


def text(
    x_px: float,
    y_px: float,
    said: str,
    *,
    size: float,
    fill: str = INK,
    anchor: str = "start",
    is_haloed: bool = False,
) -> str:
    """One line of words; a halo keeps it legible over lines."""
    halo = ' stroke="#ffffff" stroke-width="3" paint-order="stroke"' if is_haloed else ""
    return (
        f'<text x="{x_px:.1f}" y="{y_px:.1f}" font-size="{size:g}" fill="{fill}" '
        f'text-anchor="{anchor}"{halo}>{escape(said)}</text>'
    )


def width_px(said: str, size: float) -> float:
    """About how long a line of words is."""
    return sum(1.0 if ord(letter) >= _WIDE else 0.56 for letter in said) * size


def wrapped(said: str, size: float, room_px: float) -> Iterator[str]:
    """Lines that fit: Chinese breaks anywhere, other words between them."""
    line = ""
    for word in _words(said):
        if line and width_px(line + word, size) > room_px:
            yield line.rstrip()
            line = word.lstrip()
        else:
            line += word
    if line.strip():
        yield line.rstrip()


def _words(said: str) -> Iterator[str]:
    """What is not broken: a Chinese letter with the stop behind it, or a word with its space."""
    word = ""
    for letter in said:
        is_wide = ord(letter) >= _WIDE
        if word and is_wide and letter not in _CLOSING:
            yield word
            word = ""
        elif word and not is_wide and (ord(word[-1]) >= _WIDE or word[-1] == " "):
            yield word
            word = ""
        word += letter
    if word:
        yield word
