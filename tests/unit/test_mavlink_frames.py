"""Frames are cut out of any bytes as pymavlink packed them, and nothing else is taken for one."""

from __future__ import annotations

import random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from pymavlink.dialects.v20 import common as mavlink
from pymavlink.generator.mavcrc import x25crc

from drone.mavlink_frames import Frame, Splitter, check_sum


def packed(*messages: Any, system_id: int = 7, force_mavlink1: bool = False) -> list[bytes]:
    """As an aircraft sends them."""
    out = mavlink.MAVLink(None, srcSystem=system_id, srcComponent=1)
    return [bytes(message.pack(out, force_mavlink1=force_mavlink1)) for message in messages]


A_FEW = (
    mavlink.MAVLink_heartbeat_message(2, 12, 157, 0x04040000, 4, 3),
    mavlink.MAVLink_attitude_message(1000, 0.1, -0.2, 3.0, 0.0, 0.0, 0.25),
    mavlink.MAVLink_command_ack_message(400, 0, 0, 0, 245, 190),
    mavlink.MAVLink_statustext_message(4, b"Arming denied\t"),
    mavlink.MAVLink_param_request_read_message(3, 1, b"NAV_DLL_ACT", -1),
)


def split(data: bytes, cuts: list[int]) -> tuple[list[Frame], Splitter]:
    splitter, found, place = Splitter(), [], 0
    for cut in [*sorted(cut % (len(data) + 1) for cut in cuts), len(data)]:
        found += splitter.feed(data[place:cut])
        place = cut
    return found, splitter


@given(st.binary(max_size=300))
def test_the_check_sum_is_mavlinks(data: bytes) -> None:
    assert check_sum(data) == x25crc(data).crc


@given(
    st.lists(st.sampled_from(A_FEW), max_size=6), st.booleans(),
    st.lists(st.integers(0, 2000), max_size=8), st.binary(max_size=40),
)  # fmt: skip
def test_frames_come_out_whole_however_the_bytes_were_cut(
    messages: list[Any], is_old: bool, cuts: list[int], noise: bytes
) -> None:
    noise = noise.replace(b"\xfd", b"").replace(b"\xfe", b"")
    raws = packed(*messages, force_mavlink1=is_old)
    found, splitter = split(noise.join([b"", *raws]), cuts)
    assert [frame.raw for frame in found] == raws
    assert [frame.message_id for frame in found] == [message.get_msgId() for message in messages]
    assert splitter.garbage_bytes == len(noise) * (len(raws) if raws else 0)


def test_a_frame_with_one_wrong_bit_is_none_and_the_next_one_is_found() -> None:
    first, second = packed(A_FEW[1], A_FEW[0])
    for bit in range(8 * 10, 8 * len(first)):
        torn = bytearray(first)
        torn[bit // 8] ^= 1 << bit % 8
        assert [frame.raw for frame in Splitter().feed(bytes(torn) + second)] == [second]


def test_noise_that_looks_like_a_frame_of_an_unknown_kind_does_not_swallow_those_behind_it() -> (
    None
):
    raws = packed(*A_FEW)
    looks_like_one = bytes((0xFD, 40, 0, 0, 1, 7, 1, 0x60, 0xEA, 0))
    found = Splitter().feed(looks_like_one + b"".join(raws))
    assert [frame.raw for frame in found] == raws


def test_a_frame_of_an_unknown_kind_is_handed_on_unchecked_and_one_of_unknown_form_is_not() -> None:
    whole = bytes((0xFD, 3, 0, 0, 1, 7, 1, 0x60, 0xEA, 0, 1, 2, 3, 9, 9))
    raw = packed(A_FEW[0])[0]
    found = Splitter().feed(whole + raw)
    assert [(frame.raw, frame.is_checked) for frame in found] == [(whole, False), (raw, True)]
    unreadable = whole[:2] + b"\x02" + whole[3:]
    assert [frame.raw for frame in Splitter().feed(unreadable + raw)] == [raw]


def test_a_torn_datagram_does_not_eat_the_next_one() -> None:
    raw = packed(A_FEW[0])[0]
    splitter = Splitter()
    assert splitter.feed(raw[:-3]) == []
    splitter.end()
    assert [frame.raw for frame in splitter.feed(raw)] == [raw]


def test_a_million_bytes_of_noise_are_next_to_no_frames_and_end_in_a_real_one() -> None:
    noise = random.Random(1).randbytes(1_000_000)
    splitter = Splitter()
    found = [frame for start in range(0, len(noise), 1500)
             for frame in splitter.feed(noise[start : start + 1500])]  # fmt: skip
    known = [frame for frame in found if frame.message_id in mavlink.mavlink_map]
    assert len(known) <= 3  # sixteen bits of check sum let one in 65,536 candidates through
    splitter.end()
    raw = packed(A_FEW[0])[0]
    assert [frame.raw for frame in splitter.feed(raw)] == [raw]


def test_whom_a_frame_is_for_is_read_as_pymavlink_reads_it() -> None:
    for number, kind in mavlink.mavlink_map.items():
        if "target_system" not in kind.fieldnames:
            continue
        body = bytes(range(1, kind.unpacker.size + 1))
        values = kind.unpacker.unpack(body)
        place = kind.ordered_fieldnames.index("target_system")
        told = values[sum(_width(kind, n) for n in range(place))]
        assert Frame(245, 190, number, body, b"").target_system == told
    assert Frame(245, 190, 0, bytes(9), b"").target_system == 0
    assert Frame(245, 190, 76, b"\1", b"").target_system == 0  # its end is zeros, not sent


def _width(kind: Any, number: int) -> int:
    name = kind.ordered_fieldnames[number]
    is_text = kind.fieldtypes[kind.fieldnames.index(name)] == "char"
    return 1 if is_text else int(kind.lengths[number])
