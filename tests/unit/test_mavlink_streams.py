"""What the fast messages say becomes the newest values, each with its age."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymavlink.dialects.v20 import common as mavlink

from drone.mavlink_frames import Frame, Splitter
from drone.mavlink_streams import FAST, read
from drone.newest import Newest, Part
from patrol.telemetry import Battery, TelemetrySample
from tests.unit.test_mavlink_frames import packed

NOW = datetime(2026, 11, 26, tzinfo=UTC)
WEST_LOOKING_DOWN = [0.6532814, -0.2705981, -0.2705981, -0.6532814]  # yaw -90, pitch -45


def told(*messages: Any, at_s: float = 100.0) -> Newest:
    newest = Newest()
    for raw in packed(*messages):
        for frame in Splitter().feed(raw):
            read(frame, newest, at_s)
    return newest


def sample_of(newest: Newest, now_s: float) -> TelemetrySample:
    return newest.sample("GP-1", NOW, lambda item: item, now_s)


def a_position(heading: int = 9000) -> Any:
    return mavlink.MAVLink_global_position_int_message(
        5, 232820000, 1167250000, 42500, 30500, 300, -400, 10, heading
    )


def a_camera(flags: int, q: list[float] | None = None) -> Any:
    return mavlink.MAVLink_gimbal_device_attitude_status_message(
        0, 0, 5, flags, q or WEST_LOOKING_DOWN, 0.0, 0.0, 0.0, 0
    )


def test_a_position_tells_place_heights_and_velocity() -> None:
    sample = sample_of(told(a_position()), 100.5)
    assert sample.position is not None
    assert (sample.position.lat_deg, sample.position.lon_deg) == (23.282, 116.725)
    assert (sample.altitude_amsl_m, sample.height_above_home_m) == (42.5, 30.5)
    assert sample.velocity is not None
    assert (sample.velocity.north_m_s, sample.velocity.east_m_s) == (3.0, -4.0)
    assert sample.heading_true_deg == 90.0
    assert sample.height_agl_m is None


def test_the_point_off_africa_is_no_position() -> None:
    newest = told(mavlink.MAVLink_global_position_int_message(5, 0, 0, 0, 0, 0, 0, 0, 0))
    assert newest.position is None
    assert newest.ages(200.0).position_s is None


def test_every_part_of_a_sample_has_an_age_of_its_own_and_none_where_it_was_never_told() -> None:
    newest = told(a_position())
    attitude = mavlink.MAVLink_attitude_message(5, 0.0, 0.1, -math.pi / 2, 0, 0, math.pi / 4)
    read(Splitter().feed(packed(attitude)[0])[0], newest, 103.0)
    sample = sample_of(newest, 104.0)
    assert sample.ages.position_s == 4.0
    assert sample.ages.attitude_s == 1.0
    assert sample.ages.wind_s is None
    assert sample.heading_true_deg == pytest.approx(270.0)
    assert sample.yaw_rate_deg_s == pytest.approx(45.0)


def test_satellites_that_are_not_known_are_none_that_can_be_counted_on() -> None:
    def a_fix(eph: int, satellites: int) -> Any:
        return mavlink.MAVLink_gps_raw_int_message(5, 3, 1, 1, 1, eph, 90, 0, 0, satellites)

    good, unknown = told(a_fix(80, 14)).gnss, told(a_fix(65535, 255)).gnss
    assert good is not None
    assert (good.hdop, good.satellites) == (0.8, 14)
    assert unknown is not None
    assert (unknown.hdop, unknown.satellites) == (None, 0)


def test_a_camera_told_from_north_is_taken_so_and_one_told_from_the_nose_is_turned() -> None:
    from_north = told(a_camera(64)).camera
    assert from_north is not None
    assert from_north.bearing_true_deg == pytest.approx(270.0, abs=0.01)
    assert from_north.pitch_deg == pytest.approx(-45.0, abs=0.01)
    assert told(a_camera(32)).camera is None  # where the nose points is not known
    from_nose = told(a_position(heading=9000), a_camera(32 | 16)).camera
    assert from_nose is not None
    assert from_nose.bearing_true_deg == pytest.approx(0.0, abs=0.01)


def test_wind_is_told_by_where_it_comes_from() -> None:
    wind = told(mavlink.MAVLink_wind_cov_message(5, 0.0, -5.0, 0, 0, 0, 0, 0, 0)).wind
    assert wind is not None
    assert wind.speed_m_s == 5.0
    assert wind.from_deg_true == pytest.approx(90.0)


@pytest.mark.parametrize(
    ("amsl_m", "terrain_m", "clearance_m", "agl_m"),
    [(50.0, 20.0, 29.0, 29.0), (50.0, 20.0, math.nan, 20.0), (50.0, -2000.0, -1.0, None),
     (50.0, math.nan, math.nan, None)],
)  # fmt: skip
def test_height_above_terrain_is_told_only_when_it_is_known(
    amsl_m: float, terrain_m: float, clearance_m: float, agl_m: float | None
) -> None:
    newest = told(mavlink.MAVLink_altitude_message(5, 0, amsl_m, 0, 30, terrain_m, clearance_m))
    assert newest.height_agl_m == agl_m
    assert (newest.age_s(Part.TERRAIN, 101.0) is None) == (agl_m is None)


def a_beam(distance_cm: int, orientation: int = 25, quality: int = 0) -> Any:
    return mavlink.MAVLink_distance_sensor_message(
        5, 20, 4000, distance_cm, 0, 0, orientation, 255, 0.0, 0.0, [0.0] * 4, quality
    )


@pytest.mark.parametrize(
    ("beam", "agl_m"),
    [(a_beam(1500), 15.0), (a_beam(1500, orientation=0), None), (a_beam(4001), None),
     (a_beam(1500, quality=1), None)],
)  # fmt: skip
def test_a_beam_tells_the_height_only_straight_down_and_in_its_range(
    beam: Any, agl_m: float | None
) -> None:
    assert sample_of(told(beam), 100.0).height_agl_m == agl_m


def test_a_beam_of_a_slanted_aircraft_is_longer_than_its_height() -> None:
    attitude = mavlink.MAVLink_attitude_message(5, math.radians(60.0), 0, 0, 0, 0, 0)
    assert told(attitude, a_beam(2000)).height_agl_m == pytest.approx(10.0)


@pytest.mark.parametrize(("spacing", "agl_m"), [(30, 33.0), (0, None)])
def test_the_autopilots_map_tells_the_height_where_it_has_one(
    spacing: int, agl_m: float | None
) -> None:
    report = mavlink.MAVLink_terrain_report_message(1, 1, spacing, 12.0, 33.0, 0, 4)
    assert told(report).height_agl_m == agl_m


def test_of_several_that_tell_the_height_the_best_counts_while_it_speaks() -> None:
    by_map = mavlink.MAVLink_terrain_report_message(1, 1, 30, 12.0, 33.0, 0, 4)
    newest = told(mavlink.MAVLink_altitude_message(5, 0, 50, 0, 30, math.nan, 29.0), by_map)
    assert sample_of(newest, 101.0).height_agl_m == 29.0
    read(Splitter().feed(packed(by_map)[0])[0], newest, 104.0)
    sample = sample_of(newest, 104.5)
    assert (sample.height_agl_m, sample.ages.terrain_s) == (33.0, 0.5)
    old = sample_of(newest, 108.0)  # of other ground
    assert (old.height_agl_m, old.ages.terrain_s) == (None, 4.0)


def test_what_a_companion_with_the_aircrafts_id_says_is_not_taken_for_the_aircrafts() -> None:
    newest = Newest()
    out = mavlink.MAVLink(None, srcSystem=7, srcComponent=191)
    beat = mavlink.MAVLink_heartbeat_message(18, 8, 0, 0, 4, 3)
    clock = mavlink.MAVLink_system_time_message(10**15, 5)
    for message in (beat, a_position(), clock, a_camera(64)):
        read(Splitter().feed(bytes(message.pack(out)))[0], newest, 1.0)
    assert newest.position is None
    assert newest.clock_utc_s is None
    assert newest.camera is not None  # a gimbal may tell of itself
    assert newest.age_s(Part.LINK, 2.0) is None  # the autopilot may be dead


def test_a_frame_that_could_not_be_checked_proves_no_link() -> None:
    newest = Newest()
    read(Frame(7, 1, 60_000, b"noise", b""), newest, 1.0)
    assert newest.age_s(Part.LINK, 2.0) is None
    read(Frame(7, 1, 1, b"", b""), newest, 1.0)
    assert newest.age_s(Part.LINK, 2.0) == 1.0


def test_of_several_batteries_the_emptiest_counts_until_it_is_taken_out() -> None:
    newest = Newest()
    for at_s, number, charge_pct in ((0.0, 0, 80.0), (1.0, 1, 30.0), (2.0, 0, 79.0)):
        newest.tell_battery(number, Battery(charge_pct=charge_pct), at_s)
    assert newest.battery == Battery(charge_pct=30.0)
    newest.tell_battery(0, Battery(charge_pct=70.0), 30.0)
    assert newest.battery == Battery(charge_pct=70.0)
    assert newest.age_s(Part.BATTERY, 31.0) == 1.0


def test_an_orbit_of_px4_is_told_from_a_pilots_sticks() -> None:
    def beat(mode: int) -> Any:
        return mavlink.MAVLink_heartbeat_message(2, 12, 157, mode, 4, 3)

    assert told(beat(3 << 16 | 1 << 24)).is_orbiting
    assert not told(beat(3 << 16)).is_orbiting
    assert not told(beat(4 << 16 | 3 << 24)).is_orbiting


@given(st.sampled_from(sorted(FAST)), st.binary(max_size=80))
def test_no_body_of_any_fast_message_is_too_mad_to_be_read(number: int, body: bytes) -> None:
    newest = Newest()
    read(Frame(1, 1, number, body, b""), newest, 1.0)
    told = [newest.height_agl_m]
    if newest.camera is not None:
        told += [newest.camera.bearing_true_deg, newest.camera.pitch_deg]
    if newest.attitude is not None:
        told += [newest.attitude.yaw_deg, newest.attitude.roll_deg]
    assert all(value is None or math.isfinite(value) for value in told)
