"""RTSP/1.0 messages (RFC 2326): requests, replies, the Transport header. No state."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import anyio
from anyio.streams.buffered import BufferedByteReceiveStream

_HEAD_BYTES_MAX = 16_384
_BODY_BYTES_MAX = 65_536
_REASONS = {
    200: "OK", 400: "Bad Request", 404: "Not Found", 406: "Not Acceptable",
    413: "Request Entity Too Large", 451: "Parameter Not Understood",
    453: "Not Enough Bandwidth", 454: "Session Not Found",
    455: "Method Not Valid in This State", 461: "Unsupported Transport",
    501: "Not Implemented", 505: "RTSP Version Not Supported", 551: "Option not supported",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class RtspRequest:
    """One request; header names are in lower case."""

    method: str
    url: str
    version: str
    headers: dict[str, str]
    body: bytes = b""

    @property
    def path(self) -> str:
        """The path of its address, without a slash at the end."""
        return urlsplit(self.url).path.rstrip("/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Interleaved:
    """A binary frame that the client sent between its requests (RTCP, RFC 2326 10.12)."""

    channel: int
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """Status, headers in their order, and a body."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    def to_bytes(self, sequence: str | None) -> bytes:
        """As it goes over the wire; `sequence` echoes the request's CSeq."""
        lines = [f"RTSP/1.0 {self.status} {_REASONS[self.status]}"]
        if sequence is not None:
            lines.append(f"CSeq: {sequence}")
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        if self.body:
            lines.append(f"Content-Length: {len(self.body)}")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii") + self.body


class BadMessage(Exception):
    """What came is no RTSP; the connection is answered with `status` and closed."""

    def __init__(self, status: int) -> None:
        super().__init__(_REASONS[status])
        self.status = status


async def read_message(stream: BufferedByteReceiveStream) -> RtspRequest | Interleaved:
    """The next request or binary frame; BadMessage, or anyio's EndOfStream and IncompleteRead."""
    first = await stream.receive_exactly(1)
    while first in b"\r\n":
        first = await stream.receive_exactly(1)
    if first == b"$":
        head = await stream.receive_exactly(3)
        length = int.from_bytes(head[1:], "big")
        return Interleaved(
            channel=head[0], data=await stream.receive_exactly(length) if length else b""
        )
    try:
        head = first + await stream.receive_until(b"\r\n\r\n", _HEAD_BYTES_MAX)
    except anyio.DelimiterNotFound as error:
        raise BadMessage(400) from error
    request = _parse_head(head)
    length = _content_length(request.headers)
    if not length:
        return request
    body = await stream.receive_exactly(length)
    return RtspRequest(
        method=request.method, url=request.url, version=request.version,
        headers=request.headers, body=body,
    )  # fmt: skip


def _content_length(headers: dict[str, str]) -> int:
    text = headers.get("content-length", "0")
    if not text.isascii() or not text.isdigit():
        raise BadMessage(400)
    if int(text) > _BODY_BYTES_MAX:
        raise BadMessage(413)
    return int(text)


def _parse_head(head: bytes) -> RtspRequest:
    try:
        lines = head.decode("utf-8").split("\r\n")
        method, url, version = lines[0].split(" ")
        urlsplit(url)  # ValueError on a broken address
        pairs = [line.split(":", 1) for line in lines[1:] if line]
        headers = {name.strip().lower(): value.strip() for name, value in pairs}
    except ValueError as error:
        raise BadMessage(400) from error
    if not version.startswith("RTSP/"):
        raise BadMessage(400)
    return RtspRequest(method=method, url=url, version=version, headers=headers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Transport:
    """What a client asks for: a pair of UDP ports, or a pair of channels inside the connection."""

    is_tcp: bool
    first: int  # RTP port or channel
    second: int  # RTCP port or channel


def parse_transport(header: str) -> Transport | None:
    """The first offer that can be served; None if there is none (RFC 2326 12.39)."""
    for offer in header.split(","):
        fields = [part.strip() for part in offer.split(";")]
        profile, options = fields[0].upper(), fields[1:]
        if "multicast" in options or any(o.lower().startswith("mode=record") for o in options):
            continue
        if profile == "RTP/AVP/TCP":
            first, second = _pair(options, "interleaved", 255) or (0, 1)
            return Transport(is_tcp=True, first=first, second=second)
        ports = _pair(options, "client_port", 65_535)
        if profile in ("RTP/AVP", "RTP/AVP/UDP") and ports is not None and ports[0] > 0:
            return Transport(is_tcp=False, first=ports[0], second=ports[1])
    return None


def _pair(options: list[str], name: str, largest: int) -> tuple[int, int] | None:
    for option in options:
        found = re.fullmatch(rf"{name}=(\d{{1,5}})(?:-(\d{{1,5}}))?", option, re.ASCII)
        if found:
            first = int(found[1])
            second = int(found[2]) if found[2] else first + 1
            return (first, second) if max(first, second) <= largest else None
    return None
