"""How loud a loudspeaker in the air is at an ear on the ground, and whether words are understood.

Spherical spreading, what the air takes, what the wind takes; no echo and no walls.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from patrol.geo import Enu
from sim.weather import CLEAR_DAY, Weather

EAR_HEIGHT_M = 1.6
# DOMAIN 2.6: words want 10 to 15 dB above what else is heard; the least of it decides here.
UNDERSTOOD_ABOVE_DB = 10.0
# ISO 9613-1 at 20 degrees C and 70 % humidity: 5.0 dB/km at 1 kHz and 9.0 at 2 kHz, where
# speech is understood.
_AIR_DB_PER_M = 0.007
# Sound that goes against the wind is bent upwards, away from the ear. An estimate of ours, of the
# size that CONCAWE 4/81 gives at some hundred metres; with the wind nothing is won (ISO 9613-2).
_UPWIND_DB_PER_M_AND_M_S = 0.008
_UPWIND_MAX_DB = 20.0
# An aircraft of 2 to 4 kg at a metre: the 83 dBA of sound power that EU 2019/945 allows its
# class C2, and some more for its load.
AIRCRAFT_1M_DBA = 78.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """One loudspeaker at one ear."""

    level_dba: float
    noise_dba: float  # street and aircraft together

    @property
    def is_understood(self) -> bool:
        """Whether the words stand out of the noise."""
        return self.level_dba >= self.noise_dba + UNDERSTOOD_ABOVE_DB


def heard_at(ear: Enu, *, speaker: Enu, spl_1m_dba: float, weather: Weather = CLEAR_DAY) -> Heard:
    """What an ear at `ear` gets of a loudspeaker carried by an aircraft at `speaker`."""
    spread_db = 20.0 * math.log10(max(1.0, _slant_m(ear, speaker)))
    aircraft_dba = AIRCRAFT_1M_DBA - spread_db
    return Heard(
        level_dba=level_dba(ear, speaker=speaker, spl_1m_dba=spl_1m_dba, weather=weather),
        noise_dba=_together_dba(weather.ambient_dba, aircraft_dba),
    )


def level_dba(ear: Enu, *, speaker: Enu, spl_1m_dba: float, weather: Weather = CLEAR_DAY) -> float:
    """Sound level at an ear: L(1 m) - 20 log10 r, less what air and wind take."""
    slant_m = max(1.0, _slant_m(ear, speaker))
    air_db = _AIR_DB_PER_M * slant_m
    wind_db = _wind_db(ear, speaker, weather)
    return spl_1m_dba - 20.0 * math.log10(slant_m) - air_db - wind_db


def _wind_db(ear: Enu, speaker: Enu, weather: Weather) -> float:
    """The loss for the share of the wind that blows from the ear to the loudspeaker."""
    from_rad = math.radians(weather.wind_from_true_deg)
    east_m, north_m = ear.east_m - speaker.east_m, ear.north_m - speaker.north_m
    # Metres that the sound goes against the wind.
    against_m = east_m * math.sin(from_rad) + north_m * math.cos(from_rad)
    loss_db = _UPWIND_DB_PER_M_AND_M_S * weather.wind_m_s * max(0.0, against_m)
    return min(_UPWIND_MAX_DB, loss_db)


def _slant_m(ear: Enu, speaker: Enu) -> float:
    return math.hypot(speaker.distance_m(ear), speaker.up_m - EAR_HEIGHT_M)


def _together_dba(one_dba: float, other_dba: float) -> float:
    return 10.0 * math.log10(10.0 ** (one_dba / 10.0) + 10.0 ** (other_dba / 10.0))
