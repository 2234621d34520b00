"""Thinning a track: what tells something stays, and the hash says which columns it covers."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ground_station.store.tracks import Thinning, TrackHash
from patrol.clock import parse_utc, utc_text
from tests.ground_core import later

SAMPLE = st.fixed_dictionaries(
    {
        "vehicle_id": st.sampled_from(["GP-1", "GP-2"]),
        "step_s": st.sampled_from([0.2, 0.2, 0.2, 0.5, 3.0, -20.0]),  # a clock may be set back
        "mode": st.sampled_from(["mission", "mission", "mission", "hold"]),
        "height": st.none() | st.floats(0, 60),
    }
)


def rows_of(samples: list[dict[str, Any]]) -> list[dict[str, Any]]:
    rows, at_s = [], 0.0
    for seq, sample in enumerate(samples, 1):
        at_s += sample["step_s"]
        rows.append(
            {
                "seq": seq, "vehicle_id": sample["vehicle_id"], "t_utc": utc_text(later(at_s)),
                "mode": sample["mode"], "is_armed": 1, "is_in_air": 1, "mission_item": 0, "fix": 3,
                "height_above_home_m": sample["height"],
            }
        )  # fmt: skip
    return rows


@settings(max_examples=60, deadline=None)
@given(samples=st.lists(SAMPLE, max_size=60), interval_s=st.floats(0.2, 10.0))
def test_thinning_keeps_ends_heights_changes_and_one_row_an_interval(
    samples: list[dict[str, Any]], interval_s: float
) -> None:
    rows, interval = rows_of(samples), timedelta(seconds=interval_s)
    thinning = Thinning(interval)
    thinning.add(rows[: len(rows) // 2])
    thinning.add(rows[len(rows) // 2 :])
    kept = thinning.kept()
    assert thinning.gone() == {row["seq"] for row in rows} - kept
    for vehicle in {row["vehicle_id"] for row in rows}:
        own = [row for row in rows if row["vehicle_id"] == vehicle]
        left = [row for row in own if row["seq"] in kept]
        assert (left[0], left[-1]) == (own[0], own[-1])
        heights = [row["height_above_home_m"] for row in own]
        assert max((h for h in heights if h is not None), default=None) == max(
            (r["height_above_home_m"] for r in left if r["height_above_home_m"] is not None),
            default=None,
        )
        for before, after in zip(own, own[1:], strict=False):
            if before["mode"] != after["mode"]:
                assert after["seq"] in kept
        for row in own:  # whatever was dropped stands within an interval of a row that stays
            earlier = [r for r in left if r["seq"] <= row["seq"]][-1]
            gap = parse_utc(row["t_utc"]) - parse_utc(earlier["t_utc"])
            assert timedelta(0) <= gap < interval


def test_a_column_that_is_recorded_later_changes_no_earlier_hash() -> None:
    columns = ("seq", "t_utc", "height_above_home_m")
    row = {"seq": 1, "t_utc": "2026-11-24T01:30:00.000Z", "height_above_home_m": 30.0}
    before, after = TrackHash(columns), TrackHash(columns)
    before.add([row])
    after.add([row | {"wind_m_s": None}])
    assert before.summary() == after.summary()
    assert before.summary().to_dict()["columns"] == list(columns)
