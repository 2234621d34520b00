"""Wind over the ground: a steady part and seeded gusts; metres a second, where it blows to."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field

_GUST_LASTS_S = 3.0  # correlation time; gusts near the ground last some seconds
_GUST_LIMIT = 3.0  # standard deviations


@dataclass(slots=True, kw_only=True)
class Wind:
    """Calm unless told otherwise. The same seed blows the same gusts for the same steps."""

    mean_east_m_s: float = 0.0
    mean_north_m_s: float = 0.0
    gust_m_s: float = 0.0  # standard deviation of each axis
    seed: int = 0
    _gust: tuple[float, float] = (0.0, 0.0)
    _dice: random.Random = field(init=False)

    def __post_init__(self) -> None:
        """Seed the gusts."""
        self._dice = random.Random(self.seed)  # noqa: S311  # the same gusts again

    @classmethod
    def blowing(
        cls, speed_m_s: float, from_deg: float, *, gust_m_s: float = 0.0, seed: int = 0
    ) -> Wind:
        """Wind as a weather report says it: its speed and where it comes from."""
        to_rad = math.radians(from_deg + 180.0)
        return cls(
            mean_east_m_s=speed_m_s * math.sin(to_rad), mean_north_m_s=speed_m_s * math.cos(to_rad),
            gust_m_s=gust_m_s, seed=seed,
        )  # fmt: skip

    @property
    def east_m_s(self) -> float:
        """Eastward part now."""
        return self.mean_east_m_s + self._gust[0]

    @property
    def north_m_s(self) -> float:
        """Northward part now."""
        return self.mean_north_m_s + self._gust[1]

    def step(self, duration_s: float) -> None:
        """Let the gusts change: a first-order Gauss-Markov process."""
        if self.gust_m_s <= 0.0:
            self._gust = (0.0, 0.0)
            return
        keep = math.exp(-duration_s / _GUST_LASTS_S)
        spread = self.gust_m_s * math.sqrt(1.0 - keep * keep)
        most = self.gust_m_s * _GUST_LIMIT
        east, north = (
            max(-most, min(most, part * keep + self._dice.gauss(0.0, spread)))
            for part in self._gust
        )
        self._gust = (east, north)
