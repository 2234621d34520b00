"""The flat ground of the district as texture in the light of its weather.

Where the camera sees it is the camera's business.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from sim.light import Lighting, lighting
from sim.paint import PX_PER_M, Colour, Picture, paint
from sim.streets import TILE_M, Streets, make_streets
from sim.weather import CLEAR_DAY, Weather

LEVELS_PX_PER_M = (PX_PER_M, 8, 4, 2, 1)
_CHUNK_MARGIN_M = 24.0  # seen ahead, so that a chunk serves for seconds of flight
_CHUNK_PX_MAX = 4000


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
    """Texture around a frame's origin; equal seeds and weather give equal ground.

    Cameras in different places have one each: what is costly they share.
    """

    def __init__(self, seed: int, weather: Weather = CLEAR_DAY) -> None:
        self.streets: Streets = make_streets(seed)
        self.lighting: Lighting = lighting(weather, self.streets)
        self._tiles = _tiles(seed, weather.is_night, weather.rain_mm_h > 0.0)
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


@lru_cache(maxsize=2)
def _tiles(seed: int, is_night: bool, is_wet: bool) -> Mapping[int, Picture]:
    """The repeating square at every scale; the same for all cameras of a world."""
    streets = make_streets(seed)
    light = lighting(Weather(is_night=is_night, rain_mm_h=float(is_wet)), streets)
    finest = paint(streets, seed)
    if not light.is_daylight:
        lit = finest * light.over_tile(finest.shape[0])
        finest = np.clip(lit, 0.0, 255.0).astype(np.uint8)
    tiles = {}
    for px_per_m in LEVELS_PX_PER_M:
        side = TILE_M * px_per_m
        small = cv2.resize(finest, (side, side), interpolation=cv2.INTER_AREA)
        tiles[px_per_m] = np.asarray(small, np.uint8)
    return tiles
