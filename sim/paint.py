"""Paints one repeating square of the district from above: lawn, roads, paving, courts, bays."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from sim.streets import KERB_M, PAVEMENT_M, ROAD_M, TILE_M, Streets

Picture = NDArray[np.uint8]
Field = NDArray[np.float32]
Colour = tuple[int, int, int]  # BGR

PX_PER_M = 16  # the finest that is ever needed
_LAWN: Colour = (72, 112, 96)
_ASPHALT: Colour = (98, 96, 94)
_KERB: Colour = (150, 152, 154)
_SLAB: Colour = (158, 164, 168)
_JOINT: Colour = (146, 151, 155)
_SAND: Colour = (134, 160, 176)
_COURT: Colour = (96, 104, 150)
_WHITE: Colour = (205, 208, 208)


def paint(streets: Streets, seed: int) -> Picture:
    """The square at PX_PER_M in broad daylight; row 0 is north."""
    dice = np.random.default_rng(seed)
    side = TILE_M * PX_PER_M
    layout = np.empty((side, side, 3), np.uint8)
    layout[:] = _LAWN
    for number, corner in enumerate(streets.corners):
        east_m, south_m = streets.corner_start_m(number)
        _CORNERS[corner](layout, east_m, south_m)
    _roads(layout, streets)
    is_lawn = (layout == np.array(_LAWN, np.uint8)).all(axis=2)
    broad = _noise(dice, 16.0, 5.0) + _noise(dice, 4.0, 4.0)
    fine = _noise(dice, 0.5, 4.0) + _noise(dice, 0.125, 5.0)
    light = broad + fine * np.where(is_lawn, np.float32(1.5), np.float32(0.7))
    tinted = layout.astype(np.float32) + light[:, :, None]
    # Dry patches make a lawn yellower where it is brighter.
    dry = np.clip(_noise(dice, 7.0, 1.0), 0.0, 2.0) * is_lawn
    tinted += dry[:, :, None] * np.array((-4.0, 5.0, 12.0), np.float32)
    return np.clip(cv2.GaussianBlur(tinted, (0, 0), 0.7), 0, 255).astype(np.uint8)


def _noise(dice: np.random.Generator, cell_m: float, amplitude: float) -> Field:
    """Smooth noise that repeats with the tile."""
    cells = max(2, round(TILE_M / cell_m))
    coarse = dice.normal(0.0, amplitude, (cells, cells)).astype(np.float32)
    wrapped = np.pad(coarse, 2, mode="wrap")
    scale = TILE_M * PX_PER_M / cells
    side = round((cells + 4) * scale)
    full = cv2.resize(wrapped, (side, side), interpolation=cv2.INTER_CUBIC)
    edge, tile = round(2 * scale), TILE_M * PX_PER_M
    return np.asarray(full[edge : edge + tile, edge : edge + tile], np.float32)


def _box(
    layout: Picture, colour: Colour, *, west: float, north: float, wide: float, deep: float
) -> None:
    p = PX_PER_M
    layout[
        round(north * p) : round((north + deep) * p), round(west * p) : round((west + wide) * p)
    ] = colour


def _roads(layout: Picture, streets: Streets) -> None:
    """Layer by layer over both roads, so that neither lies across the other."""
    ways = (
        (layout, streets.road_south_m, streets.road_east_m),
        (layout.transpose(1, 0, 2), streets.road_east_m, streets.road_south_m),
    )
    for colour, edge_m in ((_SLAB, KERB_M + PAVEMENT_M), (_KERB, KERB_M), (_ASPHALT, 0.0)):
        for along, start, _ in ways:
            _box(along, colour, west=0.0, north=start - edge_m, wide=TILE_M,
                 deep=ROAD_M + 2 * edge_m)  # fmt: skip
            if colour == _SLAB:
                _joints(along, start)
    for along, start, crossing in ways:
        _markings(along, start, crossing)


def _joints(along: Picture, start: float) -> None:
    """Of the slabs of both pavements."""
    for joint_m in np.arange(0.0, TILE_M, 1.2):
        for west_m in (start - KERB_M - PAVEMENT_M, start + ROAD_M + KERB_M):
            _box(along, _JOINT, west=float(joint_m), north=west_m, wide=0.07, deep=PAVEMENT_M)


def _markings(along: Picture, start: float, crossing: float) -> None:
    """A broken middle line, and a striped crossing for people on either side of the junction."""
    stripes_m = (crossing - 6.2, crossing + ROAD_M + 2.7)
    for dash_m in np.arange(2.0, TILE_M, 8.0):
        if not stripes_m[0] - 4.0 < dash_m < stripes_m[1] + 4.5:
            _box(along, _WHITE, west=float(dash_m), north=start + 3.43, wide=3.0, deep=0.14)
    for west in stripes_m:
        for stripe in range(7):
            _box(along, _WHITE, west=west, north=start + 0.3 + stripe, wide=3.5, deep=0.45)


def _square(layout: Picture, east_m: float, south_m: float) -> None:
    """A square of slabs, some lighter than others."""
    west, north, wide, deep = east_m + 4.0, south_m + 4.0, 42.0, 40.0
    _box(layout, _SLAB, west=west, north=north, wide=wide, deep=deep)
    dice = np.random.default_rng(0)  # the pattern of slabs, not the world's chance
    for row in np.arange(0.0, deep, 2.0):
        for column in np.arange(0.0, wide, 2.0):
            tone = int(dice.integers(-7, 8))
            colour = (_SLAB[0] + tone, _SLAB[1] + tone, _SLAB[2] + tone)
            _box(layout, colour, west=west + float(column) + 0.07, north=north + float(row) + 0.07,
                 wide=1.93, deep=1.93)  # fmt: skip


def _courts(layout: Picture, east_m: float, south_m: float) -> None:
    """Two ball courts with white lines."""
    p = PX_PER_M
    top = south_m + 8.0
    for west in (east_m + 3.0, east_m + 26.0):
        _box(layout, _COURT, west=west, north=top, wide=20.0, deep=34.0)
        corner, far = (int((west + 2) * p), int((top + 3) * p)), int((west + 18) * p)
        cv2.rectangle(layout, corner, (far, int((top + 31) * p)), _WHITE, 1)
        middle = int((top + 17) * p)
        cv2.line(layout, (corner[0], middle), (far, middle), _WHITE, 1)
        cv2.circle(layout, (int((west + 10) * p), middle), int(1.8 * p), _WHITE, 1)


def _parking(layout: Picture, east_m: float, south_m: float) -> None:
    """Empty bays."""
    west, north = east_m + 3.0, south_m + 10.0
    _box(layout, _ASPHALT, west=west, north=north, wide=46.0, deep=18.0)
    for bay in range(18):
        for row in (north + 0.5, north + 12.5):
            _box(layout, _WHITE, west=west + 1.0 + bay * 2.5, north=row, wide=0.12, deep=5.0)


def _park(layout: Picture, east_m: float, south_m: float) -> None:
    """Lawn with a sandy path across."""
    p = PX_PER_M
    start, end = (east_m + 46.0, south_m + 2.0), (east_m + 4.0, south_m + 46.0)
    cv2.line(layout, (int(start[0] * p), int(start[1] * p)), (int(end[0] * p), int(end[1] * p)),
             _SAND, 2 * p)  # fmt: skip


_CORNERS = {"square": _square, "courts": _courts, "parking": _parking, "park": _park}
