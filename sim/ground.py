"""The flat ground of the district: a seeded, repeating square of lawn, roads and paving.

It gives texture; where the camera sees it is the camera's business.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Field = NDArray[np.float32]
Colour = tuple[int, int, int]  # BGR

TILE_M = 128  # the pattern repeats after so many metres, east and north
LEVELS_PX_PER_M = (16, 8, 4, 2, 1)
_FINEST_PX_PER_M = LEVELS_PX_PER_M[0]
_CHUNK_MARGIN_M = 24.0  # seen ahead, so that a chunk serves for seconds of flight
_CHUNK_PX_MAX = 4000

_LAWN: Colour = (72, 112, 96)
_ASPHALT: Colour = (98, 96, 94)
_KERB: Colour = (150, 152, 154)
_SLAB: Colour = (158, 164, 168)
_SAND: Colour = (134, 160, 176)
_COURT: Colour = (96, 104, 150)
_WHITE: Colour = (205, 208, 208)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """A piece of ground: row 0 is its northern edge, column 0 its western one."""

    picture: Picture
    west_m: float
    north_m: float
    px_per_m: int

    def covers(self, west_m: float, south_m: float, east_m: float, north_m: float) -> bool:
        """Whether the box lies inside."""
        rows, columns = self.picture.shape[:2]
        return (
            self.west_m <= west_m
            and east_m <= self.west_m + columns / self.px_per_m
            and north_m <= self.north_m
            and self.north_m - rows / self.px_per_m <= south_m
        )


class Ground:
    """Texture around a frame's origin; equal seeds give equal ground."""

    def __init__(self, seed: int) -> None:
        finest = _tile(np.random.default_rng(seed))
        self._tiles: dict[int, Picture] = {}
        for px_per_m in LEVELS_PX_PER_M:
            side = TILE_M * px_per_m
            self._tiles[px_per_m] = np.asarray(
                cv2.resize(finest, (side, side), interpolation=cv2.INTER_AREA), np.uint8
            )
        self._chunks: dict[int, Chunk] = {}

    def chunk(
        self, px_per_m: int, *, west_m: float, south_m: float, east_m: float, north_m: float
    ) -> Chunk | None:
        """A piece that covers the box, at one of LEVELS_PX_PER_M; None if it is too large."""
        known = self._chunks.get(px_per_m)
        if known is not None and known.covers(west_m, south_m, east_m, north_m):
            return known
        margin_m = max(_CHUNK_MARGIN_M, 0.15 * max(east_m - west_m, north_m - south_m))
        columns = int((east_m - west_m + 2 * margin_m) * px_per_m)
        rows = int((north_m - south_m + 2 * margin_m) * px_per_m)
        if max(columns, rows) > _CHUNK_PX_MAX:
            return None
        left, top = int((west_m - margin_m) * px_per_m), int((north_m + margin_m) * px_per_m)
        side = TILE_M * px_per_m
        picked_columns = (left + np.arange(columns)) % side
        picked_rows = (np.arange(rows) - top) % side
        chunk = Chunk(
            picture=np.ascontiguousarray(
                self._tiles[px_per_m][picked_rows][:, picked_columns], np.uint8
            ),
            west_m=left / px_per_m, north_m=top / px_per_m, px_per_m=px_per_m,
        )  # fmt: skip
        self._chunks[px_per_m] = chunk
        return chunk

    @property
    def mean_colour(self) -> Colour:
        """What the ground looks like from very far."""
        blue, green, red = self._tiles[LEVELS_PX_PER_M[-1]].reshape(-1, 3).mean(axis=0)
        return int(blue), int(green), int(red)


def _noise(dice: np.random.Generator, cell_m: float, amplitude: float) -> Field:
    """Smooth noise that repeats with the tile."""
    cells = max(2, round(TILE_M / cell_m))
    coarse = dice.normal(0.0, amplitude, (cells, cells)).astype(np.float32)
    wrapped = np.pad(coarse, 2, mode="wrap")
    scale = TILE_M * _FINEST_PX_PER_M / cells
    side = round((cells + 4) * scale)
    full = cv2.resize(wrapped, (side, side), interpolation=cv2.INTER_CUBIC)
    edge, tile = round(2 * scale), TILE_M * _FINEST_PX_PER_M
    return np.asarray(full[edge : edge + tile, edge : edge + tile], np.float32)


def _tile(dice: np.random.Generator) -> Picture:
    side = TILE_M * _FINEST_PX_PER_M
    layout = np.empty((side, side, 3), np.uint8)
    layout[:] = _LAWN
    _lay_out(layout)
    is_lawn = (layout == np.array(_LAWN, np.uint8)).all(axis=2)
    broad = _noise(dice, 16.0, 5.0) + _noise(dice, 4.0, 4.0)
    fine = _noise(dice, 0.5, 4.0) + _noise(dice, 0.125, 5.0)
    light = broad + fine * np.where(is_lawn, np.float32(1.5), np.float32(0.7))
    tinted = layout.astype(np.float32) + light[:, :, None]
    # Dry patches make a lawn yellower where it is brighter.
    dry = np.clip(_noise(dice, 7.0, 1.0), 0.0, 2.0) * is_lawn
    tinted += dry[:, :, None] * np.array((-4.0, 5.0, 12.0), np.float32)
    return np.clip(cv2.GaussianBlur(tinted, (0, 0), 0.7), 0, 255).astype(np.uint8)


def _box(
    layout: Picture, colour: Colour, *, west: float, north: float, wide: float, deep: float
) -> None:
    p = _FINEST_PX_PER_M
    layout[
        round(north * p) : round((north + deep) * p), round(west * p) : round((west + wide) * p)
    ] = colour


def _lay_out(layout: Picture) -> None:
    """A crossing of two roads and what lies between; metres from the north-west corner."""
    _paving(layout, west=72.0, north=8.0, wide=48.0, deep=40.0)
    _courts(layout)
    _parking(layout)
    p = _FINEST_PX_PER_M
    cv2.line(layout, (int(60 * p), int(66 * p)), (int(4 * p), int(124 * p)), _SAND, 2 * p)
    for is_east_west in (True, False):
        _road(layout, is_east_west=is_east_west)
    _box(layout, _ASPHALT, west=60.0, north=56.5, wide=7.0, deep=7.0)


def _road(layout: Picture, *, is_east_west: bool) -> None:
    """Pavements, kerbs, seven metres of asphalt and a broken middle line."""
    along = layout if is_east_west else layout.transpose(1, 0, 2)
    start = 56.5 if is_east_west else 60.0
    for colour, edge_m in ((_SLAB, 2.7), (_KERB, 0.25), (_ASPHALT, 0.0)):
        _box(along, colour, west=0.0, north=start - edge_m, wide=TILE_M, deep=7.0 + 2 * edge_m)
    for joint_m in np.arange(0.0, TILE_M, 1.2):
        for kerb_m in (start - 2.7, start + 7.25):
            _box(along, (146, 151, 155), west=float(joint_m), north=kerb_m, wide=0.07, deep=2.45)
    for dash_m in np.arange(2.0, TILE_M, 8.0):
        _box(along, _WHITE, west=float(dash_m), north=start + 3.43, wide=3.0, deep=0.14)


def _paving(layout: Picture, *, west: float, north: float, wide: float, deep: float) -> None:
    """A square of slabs, some lighter than others."""
    _box(layout, _SLAB, west=west, north=north, wide=wide, deep=deep)
    dice = np.random.default_rng(0)  # the pattern of slabs, not the world's chance
    for row in np.arange(0.0, deep, 2.0):
        for column in np.arange(0.0, wide, 2.0):
            tone = int(dice.integers(-7, 8))
            colour = (_SLAB[0] + tone, _SLAB[1] + tone, _SLAB[2] + tone)
            _box(layout, colour, west=west + float(column) + 0.07, north=north + float(row) + 0.07,
                 wide=1.93, deep=1.93)  # fmt: skip


def _courts(layout: Picture) -> None:
    """Two ball courts with white lines."""
    p = _FINEST_PX_PER_M
    for west in (6, 32):
        _box(layout, _COURT, west=west, north=10.0, wide=20.0, deep=34.0)
        corner, far = (int((west + 2) * p), 13 * p), (int((west + 18) * p), 41 * p)
        cv2.rectangle(layout, corner, far, _WHITE, 1)
        cv2.line(layout, (corner[0], 27 * p), (far[0], 27 * p), _WHITE, 1)
        cv2.circle(layout, (int((west + 10) * p), 27 * p), int(1.8 * p), _WHITE, 1)


def _parking(layout: Picture) -> None:
    """Empty bays south-east of the crossing."""
    _box(layout, _ASPHALT, west=74.0, north=76.0, wide=46.0, deep=18.0)
    for bay in range(18):
        for north in (76.5, 88.5):
            _box(layout, _WHITE, west=75.0 + bay * 2.5, north=north, wide=0.12, deep=5.0)
