"""The camera on a PX4 is where its simulation says that the aircraft is."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymavlink.dialects.v20 import common as mavlink

from patrol.geo import distance_m, offset
from sim.clock import SimClock
from sim.px4 import Px4Aircraft
from tests.unit.test_plan_words import HOME

HOME_AMSL_M = 12.0


def a_px4() -> Px4Aircraft:
    clock = SimClock(datetime.now(UTC))
    return Px4Aircraft(Path("/nowhere"), 0, home=HOME, home_amsl_m=HOME_AMSL_M, clock=clock)


@given(
    heading_deg=st.floats(0.0, 359.9),
    pitch_deg=st.floats(-30.0, 30.0),
    up_m=st.floats(0.0, 120.0),
)
def test_the_camera_goes_where_the_aircraft_goes_and_looks_where_its_nose_does(
    heading_deg: float, pitch_deg: float, up_m: float
) -> None:
    one, place = a_px4(), offset(HOME, east_m=40.0, north_m=-20.0)
    yaw, pitch = math.radians(heading_deg) / 2.0, math.radians(pitch_deg) / 2.0
    turned = [
        math.cos(yaw) * math.cos(pitch), -math.sin(yaw) * math.sin(pitch),
        math.cos(yaw) * math.sin(pitch), math.sin(yaw) * math.cos(pitch),
    ]  # fmt: skip
    shown = mavlink.MAVLink_hil_state_quaternion_message(
        0, turned, 0, 0, 0, round(place.lat_deg * 1e7), round(place.lon_deg * 1e7),
        round((HOME_AMSL_M + up_m) * 1000), 0, 0, 0, 0, 0, 0, 0, 0,
    )  # fmt: skip
    assert one._take(shown) is False, "the truth is no sign that PX4 knows it"
    pose = one.pose()
    assert distance_m(pose.point, place) < 0.05
    assert pose.height_agl_m == pytest.approx(up_m, abs=0.01)
    off_deg = (pose.camera.bearing_true_deg - heading_deg + 180.0) % 360.0 - 180.0
    assert off_deg == pytest.approx(0.0, abs=0.01)
    assert pose.is_in_air is (up_m > 0.5) or up_m == pytest.approx(0.5, abs=0.01)


@pytest.mark.anyio
async def test_an_instance_starts_with_a_fence_that_acts_and_a_battery_that_lasts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "bin" / "px4"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\nenv | grep ^PX4_PARAM_ | sort\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PX4_PARAM_SIM_BAT_MIN_PCT", "20")  # the user's own word goes before ours
    clock = SimClock(datetime.now(UTC))
    one = Px4Aircraft(program, 0, home=HOME, home_amsl_m=HOME_AMSL_M, clock=clock)
    async with await one._started(tmp_path) as process:
        assert await process.wait() == 0
    assert (tmp_path / "px4.log").read_text(encoding="utf-8").split() == [
        "PX4_PARAM_GF_ACTION=3",
        "PX4_PARAM_SIM_BAT_DRAIN=1500",
        "PX4_PARAM_SIM_BAT_MIN_PCT=20",
    ]
