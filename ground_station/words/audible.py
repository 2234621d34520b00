"""How loud words are at the ear and whether they are understood: slant range, air and wind.

Spherical spreading less what the air takes (ISO 9613-1, 20 °C, 70 %, at 1 to 2 kHz) and what a
wind takes that blows from the ear to the loudspeaker; with the wind nothing is won (ISO 9613-2).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from patrol.geo import GeoPoint, bearing_true_deg, distance_m
from patrol.plan import Finding, Level
from patrol.telemetry import Wind

WANTED_ABOVE_DB = 10.0  # DOMAIN 2.6: 10 to 15 dB above what else is heard
# A speech transmission index of (6 + 15) / 30 = 0.7, "good" (IEC 60268-16): below that they guess.
UNDERSTOOD_ABOVE_DB = 6.0
EAR_MAX_DBA = 85.0
STREET_DBA = 60.0  # a district's street by day (GB 3096 class 2)
RANGE_RULE = "本系统规则 house rule N-4"
_AIRCRAFT_1M_DBA = 78.0
_AIR_DB_PER_M = 0.007
_UPWIND_DB_PER_M_AND_M_S = 0.008  # of the size that CONCAWE 4/81 gives
_UPWIND_MAX_DB = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sounding:
    """What an ear gets of a loudspeaker; `wind_known` is false where none was told."""

    slant_range_m: float
    level_dba: float
    noise_dba: float
    wind_known: bool

    @property
    def margin_db(self) -> float:
        """How far the words stand out of the noise."""
        return self.level_dba - self.noise_dba

    @property
    def is_understood(self) -> bool:
        """Whether they stand out far enough."""
        return self.margin_db >= UNDERSTOOD_ABOVE_DB


def sounding(
    *,
    speaker: GeoPoint,
    height_agl_m: float,
    ear: GeoPoint,
    spl_1m_dba: float,
    wind: Wind | None,
    street_dba: float = STREET_DBA,
) -> Sounding:
    """The level at an ear on the ground, of a loudspeaker so high above it."""
    flat_m = distance_m(speaker, ear)
    slant_m = max(1.0, math.hypot(flat_m, height_agl_m))
    spread_db = 20.0 * math.log10(slant_m)
    level = spl_1m_dba - spread_db - _AIR_DB_PER_M * slant_m - _wind_db(speaker, ear, flat_m, wind)
    noise = _together(street_dba, _AIRCRAFT_1M_DBA - spread_db)
    return Sounding(
        slant_range_m=slant_m, level_dba=level, noise_dba=noise, wind_known=wind is not None
    )


def range_findings(heard: Sounding | None, *, ear_max_dba: float = EAR_MAX_DBA) -> list[Finding]:
    """Objections to speaking from here: unknown, too loud, not understood."""
    if heard is None:
        return [
            _stop(
                "release.range_unknown",
                "the distance to the people is unknown, so neither is the level at their ears",
                "与人群的距离未知，无法估计到耳声级",
            )
        ]
    told = f"{heard.level_dba:.0f} dB(A) at {heard.slant_range_m:.0f} m"
    told_zh = f"{heard.slant_range_m:.0f}米处约{heard.level_dba:.0f}分贝"
    found = []
    if heard.level_dba > ear_max_dba:
        found.append(
            _stop(
                "release.too_loud",
                f"{told}; {ear_max_dba:.0f} are the most at an ear",
                f"{told_zh}，到耳上限{ear_max_dba:.0f}分贝",
            )
        )
    if heard.margin_db < WANTED_ABOVE_DB:
        found.append(_faint(heard, told, told_zh))
    if not heard.wind_known:
        found.append(
            Finding(
                code="release.wind_unknown",
                level=Level.NOTE,
                text="the wind is not known: the level does not count it",
                text_zh="风况未知，声级估计未计入风的影响",
                article=RANGE_RULE,
            )
        )
    return found


def _faint(heard: Sounding, told: str, told_zh: str) -> Finding:
    needed_db = WANTED_ABOVE_DB if heard.is_understood else UNDERSTOOD_ABOVE_DB
    text = (
        f"{told}, {heard.margin_db:.0f} dB above the noise, {needed_db:.0f} are "
        f"{'wanted' if heard.is_understood else 'needed'}: "
        "go nearer, or lower, or to the windward side"
    )
    text_zh = (
        f"{told_zh}，高于环境噪声{heard.margin_db:.0f}分贝，"
        f"{'宜达' if heard.is_understood else '至少需要'}{needed_db:.0f}分贝；"
        "请靠近、降低或到上风侧"
    )
    if not heard.is_understood:
        return _stop("release.not_audible", text, text_zh)
    return Finding(
        code="release.faint", level=Level.WARN, text=text, text_zh=text_zh, hint="DOMAIN 2.6",
        article=RANGE_RULE,
    )  # fmt: skip


def _wind_db(speaker: GeoPoint, ear: GeoPoint, flat_m: float, wind: Wind | None) -> float:
    if wind is None or flat_m <= 0.0:
        return 0.0
    # Sound going towards where the wind comes from is bent upwards, away from the ear.
    towards_deg = bearing_true_deg(speaker, ear)
    against = math.cos(math.radians(wind.from_deg_true - towards_deg))
    loss_db = _UPWIND_DB_PER_M_AND_M_S * wind.speed_m_s * max(0.0, flat_m * against)
    return min(_UPWIND_MAX_DB, loss_db)


def _together(one_dba: float, other_dba: float) -> float:
    return 10.0 * math.log10(10.0 ** (one_dba / 10.0) + 10.0 ** (other_dba / 10.0))


def _stop(code: str, text: str, text_zh: str) -> Finding:
    return Finding(
        code=code, level=Level.STOP, text=text, text_zh=text_zh, hint="DOMAIN 2.6",
        article=RANGE_RULE,
    )  # fmt: skip
