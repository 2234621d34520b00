"""Renders what the aircraft's camera sees: flat textured ground, lamps, sky, air and people."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from patrol.camera import CameraLens
from sim.air import Air, Sensor
from sim.figures import Picture
from sim.ground import LEVELS_PX_PER_M, Ground
from sim.lamps import Lamp, draw_lamp, draw_lamp_shadows, lamps_in_sight
from sim.portrait import NEAREST_M, Figure, Placed, draw_person, draw_shadows
from sim.projection import Projection, View
from sim.weather import CLEAR_DAY, Weather

__all__ = ["Camera", "Figure", "Projection", "View"]

_FARTHEST_M = 1500.0  # beyond it the ground is haze
_NIGHT_NOISE = 6.0  # levels; a small sensor at full gain
_NIGHT_GAIN = 5.0  # how much more of a camera's own noise there is then


class Camera:
    """A lens over one ground in one weather. `render` is the whole of it."""

    def __init__(
        self, lens: CameraLens, ground: Ground, weather: Weather = CLEAR_DAY, *,
        noise_levels: float = 0.0, seed: int = 0,
    ) -> None:  # fmt: skip
        self._lens = lens
        self._ground = ground
        self._sun = weather.sun
        self._is_night = weather.is_night
        self._air = Air(weather, seed=seed)
        if weather.is_night:
            noise_levels = max(_NIGHT_NOISE, _NIGHT_GAIN * noise_levels)
        self._sensor = Sensor(noise_levels, seed=seed)

    def render(self, view: View, people: Sequence[Figure]) -> Picture:
        """The BGR picture; what is nearest is drawn last."""
        projection = Projection(self._lens, view)
        picture = np.empty((self._lens.height_px, self._lens.width_px, 3), np.uint8)
        self._draw_ground(picture, projection)
        placed = self._placed(projection, people)
        size_px = (self._lens.width_px, self._lens.height_px)
        lamps = lamps_in_sight(projection, self._ground.streets, size_px)
        if self._sun > 0.0:
            draw_shadows(picture, projection, [one.figure for one in placed], self._sun)
            draw_lamp_shadows(picture, projection, lamps, self._sun)
        self._air.veil(picture, projection)
        upright: list[Placed | Lamp] = [*placed, *lamps]
        for thing in sorted(upright, key=lambda thing: -thing.depth_m):
            if isinstance(thing, Lamp):
                draw_lamp(picture, projection, thing, self._air, is_lit=self._is_night)
            else:
                draw_person(picture, projection, thing, self._ground.lighting, self._air)
        self._air.rain(picture)
        self._sensor.expose(picture)
        return picture

    def _placed(self, projection: Projection, people: Sequence[Figure]) -> list[Placed]:
        """Those who may be in the picture, in any order."""
        if not people:
            return []
        feet = np.array([(figure.east_m, figure.north_m, 0.0) for figure in people])
        heads = feet + np.array([(0.0, 0.0, figure.outfit.height_m) for figure in people])
        feet_px, depth_m = projection.pixels(feet)
        heads_px, _ = projection.pixels(heads)
        return [
            Placed(
                figure=people[i], feet_px=feet_px[i], head_px=heads_px[i], depth_m=depth_m[i]
            )
            for i in range(len(people))
            if self._is_in_sight(feet_px[i], depth_m[i])
        ]  # fmt: skip

    def _is_in_sight(self, feet_px: NDArray[np.float64], depth_m: float) -> bool:
        if not NEAREST_M < depth_m < _FARTHEST_M:
            return False
        around_px = 3.0 * self._lens.focal_px / depth_m  # a person and the shadow
        column, row = feet_px
        return bool(
            -around_px < column < self._lens.width_px + around_px
            and -around_px < row < self._lens.height_px + around_px
        )

    def _draw_ground(self, picture: Picture, projection: Projection) -> None:
        """Bands of rows, each from the texture whose scale fits it; haze and sky above."""
        height_px = picture.shape[0]
        bottom = height_px
        for level, px_per_m in enumerate(LEVELS_PX_PER_M):
            is_last = level == len(LEVELS_PX_PER_M) - 1
            reach_m = _FARTHEST_M if is_last else _reach_m(projection, px_per_m)
            top = min(bottom, max(0, math.ceil(projection.row_at(reach_m))))
            if math.cos(projection.pitch_rad) < 0.05:
                top = 0 if reach_m > projection.height_m else bottom
            if top < bottom:
                self._draw_band(picture, projection, px_per_m, top, bottom)
            bottom = top
        if bottom > 0:
            self._air.draw_sky(picture[:bottom], horizon=projection.row_at(1e9))

    def _draw_band(
        self, picture: Picture, projection: Projection, px_per_m: int, top: int, bottom: int
    ) -> None:
        to_ground = np.linalg.inv(projection.ground_to_pixels())
        width_px = picture.shape[1]
        corners = np.array([(x, y, 1.0) for x in (0, width_px) for y in (top, bottom)])
        places = corners @ to_ground.T
        places = places[:, :2] / places[:, 2:]
        west_m, south_m = places.min(axis=0)
        east_m, north_m = places.max(axis=0)
        chunk = self._ground.chunk(
            px_per_m, west_m=west_m, south_m=south_m, east_m=east_m, north_m=north_m
        )
        if chunk is None:
            picture[top:bottom] = self._ground.mean_colour
            return
        to_texture = np.array((
            (px_per_m, 0.0, -chunk.west_m * px_per_m), (0.0, -px_per_m, chunk.north_m * px_per_m),
            (0.0, 0.0, 1.0),
        ))  # fmt: skip
        from_band = np.array(((1.0, 0.0, 0.0), (0.0, 1.0, float(top)), (0.0, 0.0, 1.0)))
        cv2.warpPerspective(
            chunk.picture, to_texture @ to_ground @ from_band, (width_px, bottom - top),
            dst=picture[top:bottom], flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        )  # fmt: skip


def _reach_m(projection: Projection, px_per_m: int) -> float:
    """The depth up to which this scale of texture has no more dots than the picture shows."""
    # Across a picture has f / d dots a metre, along f h / d^2; their geometric mean is taken.
    mean_px_per_m = px_per_m / 1.6
    return float((projection.focal_px * math.sqrt(projection.height_m) / mean_px_per_m) ** (2 / 3))
