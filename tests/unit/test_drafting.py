"""How loud words would be: from the newest sample, by its age; what is too old is unknown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ground_station.drafting import POSITION_OLD_S, WIND_OLD_S, Drafting
from ground_station.words.audible import Sounding
from ground_station.words.listeners import crowd_of
from patrol.geo import offset
from patrol.telemetry import Ages, TelemetrySample, Wind
from tests.fakes import ManualClock, a_sample
from tests.ground_core import PLACE, an_alert

HERE = offset(PLACE, east_m=0.0, north_m=-40.0)
TOWARDS_THE_SPEAKER = Wind(speed_m_s=8.0, from_deg_true=0.0)


class _Parts:
    """What `heard` asks of a desk's parts."""

    def __init__(self, latest: Callable[[], TelemetrySample | None]) -> None:
        self.latest, self.wall = latest, ManualClock()


def heard(**changes: object) -> Sounding | None:
    """The level at the alert's place, 50 m away, ten wall seconds after the clock's start."""
    fresh: dict[str, object] = {"position": HERE, "heard_at_s": 9.0, "wind": TOWARDS_THE_SPEAKER}
    parts: Any = _Parts(lambda: a_sample(**(fresh | changes)))
    parts.wall.now_s = 10.0
    nothing: Any = None
    return Drafting(parts=parts, wordings=nothing).heard(crowd_of(an_alert()), 71.0)


def level_dba(sound: Sounding | None) -> float:
    assert sound is not None
    return sound.level_dba


def test_the_level_comes_from_slant_range_and_the_height_above_the_ground() -> None:
    sound = heard()
    assert sound is not None
    assert sound.slant_range_m == pytest.approx(50.0, abs=0.1)  # 40 m away, 30 m above home
    low = heard(height_agl_m=10.0)
    assert low is not None
    assert low.slant_range_m == pytest.approx(41.2, abs=0.1)


@pytest.mark.parametrize(
    "changes",
    [
        {"position": None},
        {"height_above_home_m": None},
        {"heard_at_s": 10.0 - POSITION_OLD_S - 0.1},
    ],
)
def test_from_nobody_knows_where_the_level_is_unknown(changes: dict[str, object]) -> None:
    assert heard(**changes) is None


def test_an_aircraft_that_was_never_heard_says_nothing() -> None:
    nothing: Any = None
    parts: Any = _Parts(lambda: None)
    assert Drafting(parts=parts, wordings=nothing).heard(crowd_of(an_alert()), 71.0) is None


def test_a_wind_counts_while_it_is_new_and_is_unknown_when_it_is_old_or_was_never_told() -> None:
    known = heard(ages=Ages(wind_s=WIND_OLD_S - 2.0))
    assert known is not None
    assert known.wind_known
    for ages in (Ages(wind_s=WIND_OLD_S), Ages()):
        unknown = heard(ages=ages)
        assert unknown is not None
        assert not unknown.wind_known
        assert unknown.level_dba > known.level_dba, "the wind blew from the people"
    assert level_dba(heard(ages=Ages(wind_s=0.0), wind=None)) == level_dba(heard())
