"""The part of an aircraft's flight logs that belongs to one sortie.

A `tlog` is a row of frames, each behind 8 bytes of microseconds (big-endian, UTC).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from datetime import datetime
from mmap import ACCESS_READ, mmap
from pathlib import Path

from drone.flight_log import logs_of

_STAMP = struct.Struct(">Q")
_V1, _V2 = 0xFE, 0xFD
_HEADER = {_V1: 6, _V2: 10}
_CHECKSUM, _SIGNATURE, _IS_SIGNED = 2, 13, 0x01


def sortie_tlog(folder: Path, vehicle_id: str, start_utc: datetime, end_utc: datetime) -> bytes:
    """An aircraft's frames between two moments, in the order of the files; empty for none."""
    first, last = (int(moment.timestamp() * 1e6) for moment in (start_utc, end_utc))
    kept = bytearray()
    for path in logs_of(folder, vehicle_id):
        if path.stat().st_size == 0:
            continue
        # Mapped and not read: a month of an aircraft's logs is more than memory should hold.
        with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as data:
            for stamp_us, record in _records(data):
                if first <= stamp_us <= last:
                    kept += record
    return bytes(kept)


def _records(data: mmap) -> Iterator[tuple[int, bytes]]:
    """Stamps and whole records; what is cut off at the end or damaged ends the file's part."""
    at = 0
    while at + _STAMP.size + 3 <= len(data):
        start = at + _STAMP.size
        header = _HEADER.get(data[start])
        if header is None:
            return
        end = start + header + data[start + 1] + _CHECKSUM
        if data[start] == _V2 and data[start + 2] & _IS_SIGNED:
            end += _SIGNATURE
        if end > len(data):
            return
        yield _STAMP.unpack_from(data, at)[0], data[at:end]
        at = end
