"""Light, air, rain and wind of a world, as numbers; what they look and sound like is elsewhere."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from sim.fields import Fields, bearing, number, one_of

CLEAR_M = 10_000.0  # haze is visibility below 10 km (QX/T 113-2010)
_CONTRAST_SEEN = 0.02  # Koschmieder: the visibility is where so much of the contrast is left
# Rain takes 1.076 R^0.67 dB a kilometre of visible light (Carbonneau and Wisely, 1998).
_RAIN_DB_PER_KM = 1.076
_RAIN_EXPONENT = 0.67
GUST_SHARE = 0.2  # of the wind; open ground of a town's edge has about so much
_DAY_NOISE_DBA, _NIGHT_NOISE_DBA = 55.0, 45.0  # GB 3096-2008, class 1: homes, schools


@dataclass(frozen=True, slots=True, kw_only=True)
class Weather:
    """The same everywhere and at all times of one world."""

    is_night: bool = False
    visibility_m: float = 20_000.0  # meteorological optical range, without the rain's part
    rain_mm_h: float = 0.0
    wind_m_s: float = 0.0  # at 10 m
    wind_from_true_deg: float = 0.0
    gust_m_s: float = 0.0  # standard deviation, of each axis; aircraft feel it
    ambient_dba: float = _DAY_NOISE_DBA  # what the street sounds like at an ear

    @property
    def is_clear(self) -> bool:
        """Whether the air takes nothing that anybody would see from a drone."""
        return self.visibility_m >= CLEAR_M and self.rain_mm_h == 0.0

    @property
    def extinction_per_m(self) -> float:
        """Of visible light, by haze and rain together."""
        haze = -math.log(_CONTRAST_SEEN) / self.visibility_m
        rain_db_per_km = _RAIN_DB_PER_KM * math.pow(self.rain_mm_h, _RAIN_EXPONENT)
        return haze + rain_db_per_km * math.log(10.0) / 10.0 / 1000.0

    @property
    def sun(self) -> float:
        """How much of a shadow the sun throws: 1 in clear air, none by night or in rain."""
        if self.is_night or self.rain_mm_h > 0.0:
            return 0.0
        return min(1.0, self.visibility_m / CLEAR_M)


CLEAR_DAY = Weather()


def wind_from(fields: Fields) -> tuple[float, float, float]:
    """Speed, where it comes from, and gusts; a fifth of the speed unless they are told."""
    wind_m_s = fields.read("wind_m_s", number(0.0, 40.0), 0.0)
    return (
        wind_m_s,
        fields.read("wind_from_true_deg", bearing, 0.0),
        fields.read("gust_m_s", number(0.0, 15.0), GUST_SHARE * wind_m_s),
    )


def weather_from(value: Any) -> Weather:
    """Read the `weather` of a scenario; ConfigError names the field that is wrong."""
    fields = Fields(value, where="weather")
    is_night = fields.read("light", one_of("day", "night"), "day") == "night"
    wind_m_s, from_true_deg, gust_m_s = wind_from(fields)
    weather = Weather(
        is_night=is_night,
        visibility_m=fields.read("visibility_m", number(20.0, 100_000.0), 20_000.0),
        rain_mm_h=fields.read("rain_mm_h", number(0.0, 150.0), 0.0),
        wind_m_s=wind_m_s,
        wind_from_true_deg=from_true_deg,
        gust_m_s=gust_m_s,
        ambient_dba=fields.read(
            "ambient_dba", number(20.0, 110.0), _NIGHT_NOISE_DBA if is_night else _DAY_NOISE_DBA
        ),
    )
    fields.refuse_the_rest()
    return weather
