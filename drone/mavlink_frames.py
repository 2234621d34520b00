"""Cuts bytes of a link into MAVLink frames and checks them. It decides nothing about them.

The check sum of every frame whose kind is known is verified. Kinds that the common dialect does
not know are handed on unverified, for MAVSDK to judge, where the next frame follows on their heels:
noise that looks like one must not swallow the frames behind it.
"""

from __future__ import annotations

import binascii
from struct import calcsize
from typing import NamedTuple

from pymavlink.dialects.v20 import common as mavlink

_V1, _V2 = 0xFE, 0xFD
_V1_HEAD, _V2_HEAD, _CRC, _SIGNATURE = 6, 10, 2, 13
_SIGNED = 0x01  # the only incompatible flag there is: a frame with another cannot be read
_REVERSED = bytes(int(f"{value:08b}"[::-1], 2) for value in range(256))
_CRC_EXTRA: dict[int, int] = {
    number: kind.crc_extra for number, kind in mavlink.mavlink_map.items()
}


def _target_offsets() -> dict[int, int]:
    offsets = {}
    for number, kind in mavlink.mavlink_map.items():
        if "target_system" not in kind.ordered_fieldnames:
            continue
        place = kind.ordered_fieldnames.index("target_system")
        sizes = zip(kind.ordered_fieldnames[:place], kind.lengths[:place], strict=True)
        offsets[number] = sum(length * _SIZES[_type_of(kind, name)] for name, length in sizes)
    return offsets


_SIZES = {
    "char": 1, "uint8_t": 1, "int8_t": 1, "uint16_t": 2, "int16_t": 2, "uint32_t": 4, "int32_t": 4,
    "float": 4, "uint64_t": calcsize("<Q"), "int64_t": 8, "double": 8,
}  # fmt: skip


def _type_of(kind: type, name: str) -> str:
    fields: list[str] = kind.fieldnames  # type: ignore[attr-defined]  # pymavlink is untyped
    types: list[str] = kind.fieldtypes  # type: ignore[attr-defined]
    return types[fields.index(name)]


_TARGET_OFFSET = _target_offsets()


class Frame(NamedTuple):
    """One message as it was on the link. `payload` may be cut where it ends in zeros."""

    system_id: int
    component_id: int
    message_id: int
    payload: bytes
    raw: bytes

    @property
    def is_checked(self) -> bool:
        """Whether its check sum was verified: what was not proves nothing."""
        return self.message_id in _CRC_EXTRA

    @property
    def target_system(self) -> int:
        """Whom it is for; 0 is everybody."""
        offset = _TARGET_OFFSET.get(self.message_id)
        if offset is None or offset >= len(self.payload):
            return 0
        return self.payload[offset]


class Splitter:
    """Frames out of bytes that may come in any pieces; counts the bytes that were no frame."""

    def __init__(self) -> None:
        self.garbage_bytes = 0
        self._rest = b""

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that are whole by now."""
        data = self._rest + data if self._rest else data
        found, place = _frames(data)
        self.garbage_bytes += place - sum(len(frame.raw) for frame in found)
        self._rest = data[place:]
        return found

    def end(self) -> None:
        """A datagram ends here: what is torn ends with it."""
        self.garbage_bytes += len(self._rest)
        self._rest = b""


def check_sum(data: bytes) -> int:
    """CRC-16/MCRF4XX, MAVLink's: the same polynomial as `crc_hqx`, every byte mirrored."""
    value = binascii.crc_hqx(data.translate(_REVERSED), 0xFFFF)
    return _REVERSED[value >> 8] | _REVERSED[value & 0xFF] << 8


def _frames(data: bytes) -> tuple[list[Frame], int]:
    """Whole frames, and where the bytes begin that may become one."""
    found: list[Frame] = []
    place, size = 0, len(data)
    while place < size:
        start = data[place]
        if start not in (_V1, _V2):
            place += 1
            continue
        head = _V2_HEAD if start == _V2 else _V1_HEAD
        if place + head > size:
            return found, place
        end = place + head + data[place + 1] + _CRC
        if start == _V2:
            if data[place + 2] & ~_SIGNED:
                place += 1
                continue
            if data[place + 2] & _SIGNED:
                end += _SIGNATURE
        if end > size:
            return found, place
        frame = _frame(data[place:end], head)
        if frame is not None and not frame.is_checked and end < size:
            frame = frame if data[end] in (_V1, _V2) else None
        if frame is None:
            place += 1
            continue
        found.append(frame)
        place = end
    return found, place


def _frame(raw: bytes, head: int) -> Frame | None:
    if head == _V2_HEAD:
        system, component = raw[5], raw[6]
        message = raw[7] | raw[8] << 8 | raw[9] << 16
    else:
        system, component, message = raw[3], raw[4], raw[5]
    body = head + raw[1]
    extra = _CRC_EXTRA.get(message)
    if extra is not None:
        told = raw[body] | raw[body + 1] << 8
        if check_sum(raw[1:body] + bytes((extra,))) != told:
            return None
    return Frame(system, component, message, raw[head:body], raw)
