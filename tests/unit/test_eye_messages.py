"""Frames on the eye's pipes: they come back whole, however the pipe cuts them."""

from __future__ import annotations

import json
import struct
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patrol.camera import CameraLens
from patrol.geo import GeoPoint
from patrol.sighting import Look, PlacedPerson
from vision.eye_messages import (
    JSON_KIND,
    LONGEST_BYTES,
    PACKET_KIND,
    PICTURE_KIND,
    Picture,
    Unframer,
    VideoPacket,
    framed,
    framed_json,
    framed_packet,
    framed_picture,
    lens_to_dict,
    look_from_dict,
    look_to_dict,
    pose_from_dict,
    pose_to_dict,
    read_packet,
    read_picture,
)
from vision.placing import CameraPose

numbers = st.floats(-1e9, 1e9)
positive = st.floats(0, 1e6)
places = st.builds(GeoPoint, lat_deg=st.floats(-90, 90), lon_deg=st.floats(-180, 180))
milliseconds = st.integers(0, 10**9).map(
    lambda ms: datetime(2026, 11, 24, tzinfo=UTC) + timedelta(milliseconds=ms)
)
people = st.builds(
    PlacedPerson,
    point=places, error_m=positive, relative_error_m=positive, score=st.floats(0, 1),
    box_px=st.tuples(positive, positive, positive, positive), is_countable=st.booleans(),
)  # fmt: skip
looks = st.builds(
    Look,
    camera_id=st.text(max_size=8), sequence=st.integers(0, 10**9), captured_utc=milliseconds,
    captured_at_s=positive, is_valid=st.booleans(), reason=st.text(max_size=20),
    people=st.lists(people, max_size=3).map(tuple),
    footprint=st.lists(places, max_size=4).map(tuple), aircraft=st.none() | places,
    aircraft_height_agl_m=st.none() | numbers, latency_s=positive, rate_hz=positive,
    skipped_count=st.integers(0, 1000),
    size_px=st.tuples(st.integers(0, 4000), st.integers(0, 4000)),
)  # fmt: skip
poses = st.builds(
    CameraPose,
    at_s=positive, time_utc=milliseconds, point=places, height_agl_m=numbers,
    bearing_true_deg=st.floats(0, 360), pitch_deg=st.floats(-90, 90), roll_deg=numbers,
    speed_m_s=st.none() | positive, turn_rate_deg_s=st.none() | numbers,
    world_speed=st.floats(0.1, 10),
)  # fmt: skip
kinds = st.sampled_from([JSON_KIND, PACKET_KIND, PICTURE_KIND])
messages = st.lists(st.tuples(kinds, st.binary(max_size=40)), max_size=6)


@given(messages, st.lists(st.integers(0, 300), max_size=8))
def test_messages_come_back_in_order_wherever_the_pipe_tears_them(
    sent: list[tuple[bytes, bytes]], cuts: list[int]
) -> None:
    wire = b"".join(framed(kind, payload) for kind, payload in sent)
    edges = [0, *sorted(min(cut, len(wire)) for cut in cuts), len(wire)]
    unframer, got = Unframer(), []
    for start, end in zip(edges, edges[1:], strict=False):
        got += list(unframer.feed(wire[start:end]))
    assert got == sent


@given(messages)
def test_messages_come_back_byte_by_byte(sent: list[tuple[bytes, bytes]]) -> None:
    unframer, got = Unframer(), []
    for byte in b"".join(framed(kind, payload) for kind, payload in sent):
        got += list(unframer.feed(bytes([byte])))
    assert got == sent


@given(st.binary(min_size=1, max_size=60), st.integers(1, 64))
def test_nothing_comes_of_a_message_until_its_last_byte(payload: bytes, missing: int) -> None:
    wire = framed(PACKET_KIND, payload)
    unframer = Unframer()
    cut = max(0, len(wire) - missing)
    assert list(unframer.feed(wire[:cut])) == []
    assert list(unframer.feed(wire[cut:])) == [(PACKET_KIND, payload)]


def test_a_length_that_no_message_has_is_refused_before_it_is_waited_for() -> None:
    head = struct.pack(">Ic", LONGEST_BYTES + 1, JSON_KIND)
    with pytest.raises(ValueError, match=str(LONGEST_BYTES + 1)):
        list(Unframer().feed(head))


def test_the_longest_message_is_taken() -> None:
    payload = bytes(LONGEST_BYTES)
    assert list(Unframer().feed(framed(PICTURE_KIND, payload))) == [(PICTURE_KIND, payload)]


def only(wire: bytes) -> tuple[bytes, bytes]:
    ((kind, payload),) = Unframer().feed(wire)
    return kind, payload


@given(positive, st.booleans(), st.binary(max_size=200))
def test_a_video_packet_comes_back(captured_at_s: float, is_key: bool, data: bytes) -> None:
    packet = VideoPacket(captured_at_s=captured_at_s, is_key=is_key, data=data)
    kind, payload = only(framed_packet(packet))
    assert kind == PACKET_KIND
    assert read_packet(payload) == packet


@given(positive, st.binary(max_size=200))
def test_a_picture_comes_back(captured_at_s: float, jpeg: bytes) -> None:
    picture = Picture(captured_at_s=captured_at_s, jpeg=jpeg)
    kind, payload = only(framed_picture(picture))
    assert kind == PICTURE_KIND
    assert read_picture(payload) == picture


@given(looks)
def test_a_look_comes_back(look: Look) -> None:
    kind, payload = only(framed_json({"type": "look"} | look_to_dict(look)))
    assert kind == JSON_KIND
    assert look_from_dict(json.loads(payload)) == look


@given(poses)
def test_a_pose_comes_back(pose: CameraPose) -> None:
    _, payload = only(framed_json({"type": "pose"} | pose_to_dict(pose)))
    assert pose_from_dict(json.loads(payload)) == pose


def test_a_lens_comes_back() -> None:
    lens = CameraLens(width_px=640, height_px=360, hfov_deg=62.5)
    assert CameraLens(**lens_to_dict(lens)) == lens
