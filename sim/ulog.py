"""PX4's log format (ULog, version 1): what a flight was, in bytes that its tools read.

https://docs.px4.io/main/en/dev_log/ulog_file_format
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence

_MAGIC = b"\x55\x4c\x6f\x67\x01\x12\x35\x01"
_CODES = {"uint64_t": "Q", "double": "d", "float": "f", "uint8_t": "B"}


class ULogWriter:
    """Appends to one log. A topic's fields are given widest first, so that nothing is padded."""

    def __init__(self, start_us: int, info: Mapping[str, str]) -> None:
        self._body = bytearray(_MAGIC + struct.pack("<Q", start_us))
        self._codes: list[struct.Struct] = []
        self._topics: list[str] = []
        self._put(b"B", bytes(40))
        for key, value in info.items():
            self._keyed(b"I", f"char[{len(value.encode())}] {key}", value.encode())

    def __len__(self) -> int:
        """Bytes so far."""
        return len(self._body)

    def __bytes__(self) -> bytes:
        """The log."""
        return bytes(self._body)

    def parameter(self, name: str, value: float, *, is_whole: bool) -> None:
        """A parameter at the start of the flight."""
        kind, raw = ("int32_t", struct.pack("<i", int(value))) if is_whole else (
            "float", struct.pack("<f", value)
        )  # fmt: skip
        self._keyed(b"P", f"{kind} {name}", raw)

    def formats(self, topics: Mapping[str, Sequence[tuple[str, str]]]) -> None:
        """Declare every topic (type and name of each field), then subscribe to each once."""
        for name, fields in topics.items():
            text = "".join(f"{kind} {field};" for kind, field in fields)
            self._put(b"F", f"{name}:{text}".encode())
            self._codes.append(struct.Struct("<" + "".join(_CODES[kind] for kind, _ in fields)))
            self._topics.append(name)
        for number, name in enumerate(topics):
            self._put(b"A", struct.pack("<BH", 0, number) + name.encode())

    def data(self, topic: str, *values: float) -> None:
        """One sample; its first value is the time in microseconds."""
        number = self._topics.index(topic)
        self._put(b"D", struct.pack("<H", number) + self._codes[number].pack(*values))

    def text(self, time_us: int, severity: int, text: str) -> None:
        """What was said."""
        self._put(b"L", bytes([ord("0") + severity]) + struct.pack("<Q", time_us) + text.encode())

    def _keyed(self, kind: bytes, key: str, raw: bytes) -> None:
        name = key.encode()
        self._put(kind, bytes([len(name)]) + name + raw)

    def _put(self, kind: bytes, payload: bytes) -> None:
        self._body += struct.pack("<H", len(payload)) + kind + payload
