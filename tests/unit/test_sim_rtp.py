from __future__ import annotations

import itertools
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.encoder import AccessUnit, Encoder, parameter_sets, split_annex_b
from sim.live import LiveStream
from sim.rtp import CLOCK_HZ, PAYLOAD_BYTES_MAX, RtpSender, payloads
from sim.rtsp_message import Transport, parse_transport


def rebuilt(parts: list[bytes]) -> list[bytes]:
    """NAL units out of payloads, as RFC 6184 5.8 has a receiver do it."""
    nals: list[bytes] = []
    for part in parts:
        if part[0] & 0x1F != 28:
            nals.append(part)
        elif part[1] & 0x80:
            nals.append(bytes(((part[0] & 0xE0) | (part[1] & 0x1F),)) + part[2:])
        else:
            nals[-1] += part[2:]
    return nals


@given(
    st.lists(
        st.tuples(st.integers(1, 23), st.integers(0, 3), st.integers(0, 5000)),
        min_size=1, max_size=5,
    )
)  # fmt: skip
def test_every_nal_survives_being_cut_into_payloads(shapes: list[tuple[int, int, int]]) -> None:
    nals = [
        bytes(((importance << 5) | kind,)) + bytes(i % 251 for i in range(size))
        for kind, importance, size in shapes
    ]
    parts = list(payloads(nals))
    assert rebuilt([part for part, _ in parts]) == nals
    assert max(len(part) for part, _ in parts) <= PAYLOAD_BYTES_MAX
    assert [is_last for _, is_last in parts] == [False] * (len(parts) - 1) + [True]


def test_packets_are_numbered_without_a_gap_across_the_wrap() -> None:
    sender = RtpSender()
    sender.sequence = 65_534
    packets = list(sender.packets([bytes([0x65]) + bytes(5000)], 10.0))
    numbers = [struct.unpack("!H", packet[2:4])[0] for packet in packets]
    assert numbers == [65_534, 65_535, 0, 1]
    assert [packet[1] >> 7 for packet in packets] == [0, 0, 0, 1]
    assert len({packet[4:8] for packet in packets}) == 1, "one picture, one stamp"


def test_stamps_count_90_kilohertz_of_wall_time() -> None:
    sender = RtpSender()
    assert (sender.timestamp(100.1) - sender.timestamp(100.0)) % 2**32 == CLOCK_HZ // 10
    assert (sender.timestamp(2**32 / CLOCK_HZ + 1.0) - sender.timestamp(1.0)) % 2**32 in (0, 1)


def test_a_sender_report_ties_the_stamp_to_the_wall() -> None:
    sender = RtpSender()
    list(sender.packets([b"\x65" + bytes(99)], 50.0))
    report = sender.report(wall_s=50.5, unix_s=1_700_000_000.25)
    first, kind, words, ssrc, ntp, stamp, packets, octets = struct.unpack("!BBHIQIII", report[:28])
    assert (first, kind, words, ssrc) == (0x80, 200, 6, sender.ssrc)
    assert ntp >> 32 == 1_700_000_000 + 2_208_988_800
    assert ntp & 0xFFFFFFFF == 2**30
    assert (stamp - sender.timestamp(50.0)) % 2**32 == CLOCK_HZ // 2
    assert (packets, octets) == (1, 100)
    kind, words = struct.unpack("!BH", report[29:32])
    assert (kind, (words + 1) * 4) == (202, len(report) - 28), "a source description follows"


def test_a_slow_reader_loses_pictures_up_to_the_next_key_frame_and_never_hoards() -> None:
    stream = LiveStream()
    with stream.reading() as reader:
        for number in range(200):
            unit = AccessUnit(nals=(b"\x65",), is_key=number % 10 == 0, captured_at_s=float(number))
            stream.publish(unit)
            assert len(reader._units) <= 10
        assert reader._units[0].is_key
        assert reader.dropped_count == 200 - len(reader._units)


def test_a_reader_begins_with_a_key_frame() -> None:
    stream = LiveStream()
    with stream.reading() as reader:
        for is_key in (False, False, True, False):
            stream.publish(AccessUnit(nals=(b"\x41",), is_key=is_key, captured_at_s=0.0))
        assert [unit.is_key for unit in reader._units] == [True, False]


def test_the_encoder_gives_a_key_frame_with_its_parameter_sets_every_second() -> None:
    encoder = Encoder(width_px=320, height_px=240, frames_per_s=10)
    dice = np.random.default_rng(1)
    units = []
    for number in range(25):
        picture = dice.integers(0, 255, (240, 320, 3), np.uint8)
        unit = encoder.encode(picture, float(number))
        assert unit is not None, "no delay"
        units.append(unit)
    assert [i for i, unit in enumerate(units) if unit.is_key] == [0, 10, 20]
    for unit in (units[0], units[20]):
        sets = parameter_sets(unit)
        assert sets is not None
        assert sets[0][1:3] == bytes((66, 0xC0)), "constrained baseline"
    assert all(len(unit.nals) >= 1 for unit in units)


def test_a_byte_stream_is_split_at_both_kinds_of_start_code() -> None:
    assert split_annex_b(b"\0\0\0\1\x67ab\0\0\1\x68c\0\0\0\1\x65\0\0\2") == [
        b"\x67ab", b"\x68c", b"\x65\0\0\2",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("RTP/AVP;unicast;client_port=5000-5001", (False, 5000, 5001)),
        ("RTP/AVP/UDP;unicast;client_port=5000", (False, 5000, 5001)),
        ("RTP/AVP/TCP;unicast;interleaved=2-3", (True, 2, 3)),
        ("RTP/AVP/TCP", (True, 0, 1)),
        ("RTP/AVP;multicast,RTP/AVP/TCP;interleaved=0-1", (True, 0, 1)),
        ("RTP/AVP;multicast", None),
        ("RTP/SAVP;unicast;client_port=5000-5001", None),
        ("RTP/AVP;unicast", None),
        ("RTP/AVP;unicast;client_port=70000-70001", None),
        ("", None),
    ],
)
def test_the_first_transport_that_can_be_served_is_taken(
    header: str, expected: tuple[bool, int, int] | None
) -> None:
    found = parse_transport(header)
    wanted = None
    if expected is not None:
        wanted = Transport(is_tcp=expected[0], first=expected[1], second=expected[2])
    assert found == wanted


def test_sequence_numbers_of_two_receivers_are_their_own() -> None:
    pairs = itertools.product((RtpSender(), RtpSender()), (1.0,))
    assert len({next(s.packets([b"\x65"], t))[8:12] for s, t in pairs}) == 2
