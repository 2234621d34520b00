"""The air between the camera and what it sees: haze by range, the sky, falling rain."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from sim.patch import Picture
from sim.projection import Projection
from sim.weather import Weather

Colour = tuple[int, int, int]  # BGR

_SKY_TOP: Colour = (214, 176, 138)
_HAZE: Colour = (206, 204, 198)
_RAIN_TOP: Colour = (150, 146, 142)
_RAIN_HAZE: Colour = (164, 162, 158)
_NIGHT_TOP: Colour = (26, 18, 14)
_NIGHT_HAZE: Colour = (40, 40, 42)  # the town's own light, scattered
_STREAK_LAYERS = 4
_STREAKS_PER_MPX_AND_MM_H = 42.0
_STREAKS_PER_MPX_MAX = 1600.0
_STREAK_LIGHT = 70  # of 255, by day


class Air:
    """One weather's air. Equal weather, seed and picture number give equal rain."""

    def __init__(self, weather: Weather, *, seed: int = 0) -> None:
        self.is_clear = weather.is_clear
        self._extinction_per_m = weather.extinction_per_m
        self._sky, self.haze = _SKY_TOP, _HAZE
        if weather.is_night:
            self._sky, self.haze = _NIGHT_TOP, _NIGHT_HAZE
        elif weather.rain_mm_h > 0.0:
            self._sky, self.haze = _RAIN_TOP, _RAIN_HAZE
        elif not weather.is_clear:
            self._sky = _HAZE
        self._weather = weather
        self._dice = np.random.default_rng((seed, 1))
        self._streaks: list[Picture] = []

    def transmission(self, range_m: float) -> float:
        """The share of the light that comes through so many metres."""
        return float(np.exp(-self._extinction_per_m * range_m))

    def draw_sky(self, rows: Picture, horizon: float) -> None:
        """Everything above the ground: clear at the top, hazy at the horizon."""
        height = rows.shape[0]
        share = np.clip((horizon - np.arange(height)) / max(120.0, horizon), 0.0, 1.0)
        share = share[:, None, None]
        rows[:] = np.array(self.haze) * (1.0 - share) + np.array(self._sky) * share

    def veil(self, picture: Picture, projection: Projection) -> None:
        """Haze over the ground, row by row: contrast falls with range (Koschmieder)."""
        if self.is_clear:
            return
        ranges_m = projection.ranges_m(picture.shape[0])
        keep = np.where(np.isfinite(ranges_m), np.exp(-self._extinction_per_m * ranges_m), 1.0)
        share = np.round(keep * 256.0).astype(np.uint16)[:, None, None]
        glow = np.array(self.haze, np.uint16) * (256 - share)
        for start in range(0, picture.shape[0], 64):  # in the processor's cache
            band = slice(start, start + 64)
            picture[band] = (picture[band] * share[band] + glow[band]) >> 8

    def before(
        self, sprite: Picture, light: tuple[float, float, float] | None, range_m: float
    ) -> Picture:
        """A premultiplied BGRA picture in a light, seen through so many metres of this air."""
        keep = 1.0 if self.is_clear else self.transmission(range_m)
        shares = [keep * share for share in light or (1.0, 1.0, 1.0)]
        mix = np.zeros((4, 4))
        mix[3, 3] = 1.0
        for channel, share in enumerate(shares):
            mix[channel, channel] = share
            mix[channel, 3] = (1.0 - keep) * self.haze[channel] / 255.0
        return np.asarray(cv2.transform(sprite, mix), np.uint8)

    def rain(self, picture: Picture) -> None:
        """Streaks at other places in every picture."""
        if self._weather.rain_mm_h == 0.0:
            return
        height, width = picture.shape[:2]
        if not self._streaks:
            self._streaks = [self._layer(height, width) for _ in range(_STREAK_LAYERS)]
        layer = self._streaks[int(self._dice.integers(len(self._streaks)))]
        top, left = (int(self._dice.integers(0, most)) for most in (height // 2, width // 2))
        piece = layer[top : top + height, left : left + width]
        cv2.add(picture, piece, dst=picture)

    def _layer(self, height: int, width: int) -> Picture:
        """Half as large again as the picture, so that pieces of it differ."""
        high, wide = height + height // 2, width + width // 2
        layer = np.zeros((high, wide, 3), np.uint8)
        per_mpx = min(_STREAKS_PER_MPX_MAX, _STREAKS_PER_MPX_AND_MM_H * self._weather.rain_mm_h)
        light = _STREAK_LIGHT * (0.45 if self._weather.is_night else 1.0)
        for x, y, near, slant in self._dice.random((int(per_mpx * high * wide / 1e6), 4)):
            # Near drops are few, long and bright; the far ones are mist already.
            size = 0.25 + near**5
            length_px, lean_px = 0.06 * height * size, 0.010 * height * (slant + 0.5)
            start = (int(x * wide), int(y * high))
            end = (int(start[0] + lean_px * size), int(start[1] + length_px))
            shade = light * (0.5 + 0.5 * size / 1.25)
            cv2.line(layer, start, end, (shade,) * 3, 1, cv2.LINE_AA)
        return np.asarray(cv2.blur(layer, (2, 3)), np.uint8)


class Sensor:
    """What the camera's own electronics add: noise, of another pattern in every picture."""

    def __init__(self, noise_levels: float, *, seed: int = 0) -> None:
        self._noise_levels = noise_levels  # standard deviation of 255
        self._dice = np.random.default_rng((seed, 2))
        self._bank: tuple[NDArray[np.uint8], NDArray[np.uint8]] | None = None

    def expose(self, picture: Picture) -> None:
        """Add the noise of one picture."""
        if self._noise_levels == 0.0:
            return
        height, width = picture.shape[:2]
        if self._bank is None:
            self._bank = self._noise(height + 97, width + 131)
        top, left = int(self._dice.integers(98)), int(self._dice.integers(132))
        more, less = (part[top : top + height, left : left + width] for part in self._bank)
        cv2.add(picture, more, dst=picture)
        cv2.subtract(picture, less, dst=picture)

    def _noise(self, height: int, width: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Mostly grey, a third of it coloured; what brightens and what darkens."""
        grey = self._dice.normal(0.0, 0.87, (height, width, 1))
        colour = self._dice.normal(0.0, 0.5, (height, width, 3))
        noise = np.round((grey + colour) * self._noise_levels)
        more, less = np.clip(noise, 0, 255), np.clip(-noise, 0, 255)
        return more.astype(np.uint8), less.astype(np.uint8)
