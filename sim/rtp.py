"""RTP for one H.264 stream (RFC 3550; RFC 6184 packetisation mode 1). No sockets here."""

from __future__ import annotations

import secrets
import struct
from collections.abc import Iterator, Sequence

CLOCK_HZ = 90_000
PAYLOAD_TYPE = 96
PAYLOAD_BYTES_MAX = 1400  # with all headers under the 1500 of an Ethernet frame
_FU_A = 28
_SENDER_REPORT, _SOURCE_DESCRIPTION, _BYE = 200, 202, 203
_NTP_EPOCH_S = 2_208_988_800  # 1900 to 1970
_CNAME = b"camera"


def payloads(nals: Sequence[bytes], limit: int = PAYLOAD_BYTES_MAX) -> Iterator[tuple[bytes, bool]]:
    """Payloads of one access unit; the truth says which is its last (the RTP marker)."""
    for index, nal in enumerate(nals):
        is_last_nal = index == len(nals) - 1
        if len(nal) <= limit:
            yield nal, is_last_nal
            continue
        indicator, kind = (nal[0] & 0xE0) | _FU_A, nal[0] & 0x1F
        step = limit - 2
        for start in range(1, len(nal), step):
            is_first, is_end = start == 1, start + step >= len(nal)
            header = bytes((indicator, (is_first << 7) | (is_end << 6) | kind))
            yield header + nal[start : start + step], is_end and is_last_nal


class RtpSender:
    """Numbers and stamps the packets of one receiver."""

    def __init__(self) -> None:
        self.ssrc = secrets.randbits(32)
        self.sequence = secrets.randbits(16)  # of the next packet
        self._offset = secrets.randbits(32)
        self._packet_count = 0
        self._octet_count = 0

    def timestamp(self, wall_s: float) -> int:
        """The 90 kHz stamp of a moment of the wall's monotonic clock."""
        return (self._offset + round(wall_s * CLOCK_HZ)) & 0xFFFFFFFF

    def packets(self, nals: Sequence[bytes], captured_at_s: float) -> Iterator[bytes]:
        """RTP packets of one access unit."""
        stamp = self.timestamp(captured_at_s)
        for payload, is_last in payloads(nals):
            second = (is_last << 7) | PAYLOAD_TYPE
            yield struct.pack("!BBHII", 0x80, second, self.sequence, stamp, self.ssrc) + payload
            self.sequence = (self.sequence + 1) & 0xFFFF
            self._packet_count += 1
            self._octet_count += len(payload)

    def report(self, *, wall_s: float, unix_s: float) -> bytes:
        """A sender report and source description; `wall_s` and `unix_s` are one moment."""
        ntp = round((unix_s + _NTP_EPOCH_S) * 2**32) & 0xFFFFFFFFFFFFFFFF
        body = struct.pack(
            "!IQIII", self.ssrc, ntp, self.timestamp(wall_s),
            self._packet_count & 0xFFFFFFFF, self._octet_count & 0xFFFFFFFF,
        )  # fmt: skip
        return _rtcp(0x80, _SENDER_REPORT, body) + self._description()

    def bye(self, *, wall_s: float, unix_s: float) -> bytes:
        """The last report, with a BYE."""
        farewell = _rtcp(0x81, _BYE, struct.pack("!I", self.ssrc))
        return self.report(wall_s=wall_s, unix_s=unix_s) + farewell

    def _description(self) -> bytes:
        item = struct.pack("!IBB", self.ssrc, 1, len(_CNAME)) + _CNAME
        # The list ends in at least one zero and fills a 32-bit word.
        return _rtcp(0x81, _SOURCE_DESCRIPTION, item + b"\x00" * (4 - len(item) % 4))


def _rtcp(first: int, kind: int, body: bytes) -> bytes:
    return struct.pack("!BBH", first, kind, len(body) // 4) + body
