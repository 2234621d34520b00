"""What the station and the eye tell each other: frames of length, kind and payload on a pipe."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from patrol.camera import CameraLens
from patrol.clock import parse_utc, utc_text
from patrol.geo import GeoPoint
from patrol.sighting import Look, PlacedPerson
from vision.placing import CameraPose

JSON_KIND, PACKET_KIND, PICTURE_KIND = b"J", b"P", b"I"
_HEAD = struct.Struct(">Ic")
_PACKET_HEAD = struct.Struct(">dB")
LONGEST_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoPacket:
    """An untouched H.264 access unit for browsers (Annex-B)."""

    captured_at_s: float  # wall monotonic
    is_key: bool
    data: bytes
    camera_id: str = ""  # the station's word; the pipe of an eye has one camera


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A JPEG for browsers that cannot decode H.264; kept in memory only."""

    captured_at_s: float
    jpeg: bytes
    camera_id: str = ""


def framed(kind: bytes, payload: bytes) -> bytes:
    """One message as it goes onto the pipe."""
    return _HEAD.pack(len(payload), kind) + payload


def framed_json(body: dict[str, Any]) -> bytes:
    """A JSON message."""
    return framed(JSON_KIND, json.dumps(body, separators=(",", ":")).encode())


def framed_packet(packet: VideoPacket) -> bytes:
    """A video packet."""
    return framed(PACKET_KIND, _PACKET_HEAD.pack(packet.captured_at_s, packet.is_key) + packet.data)


def framed_picture(picture: Picture) -> bytes:
    """A fallback picture."""
    return framed(PICTURE_KIND, struct.pack(">d", picture.captured_at_s) + picture.jpeg)


class Unframer:
    """Turns the pipe's bytes back into messages; ValueError for what cannot be one."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Every whole message (kind, payload) so far."""
        self._bytes += data
        while len(self._bytes) >= _HEAD.size:
            length, kind = _HEAD.unpack_from(self._bytes)
            if length > LONGEST_BYTES:
                raise ValueError(f"a message of {length} bytes")
            if len(self._bytes) < _HEAD.size + length:
                return
            payload = bytes(self._bytes[_HEAD.size : _HEAD.size + length])
            del self._bytes[: _HEAD.size + length]
            yield kind, payload


def read_packet(payload: bytes, camera_id: str = "") -> VideoPacket:
    """What `framed_packet` wrote."""
    captured_at_s, is_key = _PACKET_HEAD.unpack_from(payload)
    return VideoPacket(
        captured_at_s=captured_at_s, is_key=bool(is_key), data=payload[_PACKET_HEAD.size :],
        camera_id=camera_id,
    )  # fmt: skip


def read_picture(payload: bytes, camera_id: str = "") -> Picture:
    """What `framed_picture` wrote."""
    (captured_at_s,) = struct.unpack_from(">d", payload)
    return Picture(captured_at_s=captured_at_s, jpeg=payload[8:], camera_id=camera_id)


def lens_to_dict(lens: CameraLens) -> dict[str, Any]:
    """A lens as JSON."""
    return {"width_px": lens.width_px, "height_px": lens.height_px, "hfov_deg": lens.hfov_deg}


def pose_to_dict(pose: CameraPose) -> dict[str, Any]:
    """A pose as JSON."""
    return {
        "at_s": pose.at_s,
        "time_utc": pose.time_utc.isoformat(),
        "point": [pose.point.lat_deg, pose.point.lon_deg],
        "height_agl_m": pose.height_agl_m,
        "bearing_true_deg": pose.bearing_true_deg,
        "pitch_deg": pose.pitch_deg,
        "roll_deg": pose.roll_deg,
        "speed_m_s": pose.speed_m_s,
        "turn_rate_deg_s": pose.turn_rate_deg_s,
        "world_speed": pose.world_speed,
    }


def pose_from_dict(body: dict[str, Any]) -> CameraPose:
    """What `pose_to_dict` wrote."""
    lat_deg, lon_deg = body["point"]
    fields = {key: value for key, value in body.items() if key not in ("type", "point", "time_utc")}
    return CameraPose(
        point=GeoPoint(lat_deg=lat_deg, lon_deg=lon_deg),
        time_utc=parse_utc(body["time_utc"]),
        **fields,
    )


def look_to_dict(look: Look) -> dict[str, Any]:
    """A look as JSON; places as latitude, longitude."""
    return {
        "camera_id": look.camera_id,
        "sequence": look.sequence,
        "captured_utc": utc_text(look.captured_utc),
        "captured_at_s": look.captured_at_s,
        "is_valid": look.is_valid,
        "reason": look.reason,
        "people": [
            [
                p.point.lat_deg, p.point.lon_deg, p.error_m, p.relative_error_m, p.score, *p.box_px,
                p.is_countable,
            ]
            for p in look.people
        ],
        "footprint": [[p.lat_deg, p.lon_deg] for p in look.footprint],
        "aircraft": None if look.aircraft is None
        else [look.aircraft.lat_deg, look.aircraft.lon_deg],
        "aircraft_height_agl_m": look.aircraft_height_agl_m,
        "latency_s": look.latency_s,
        "rate_hz": look.rate_hz,
        "skipped_count": look.skipped_count,
        "size_px": list(look.size_px),
    }  # fmt: skip


def look_from_dict(body: dict[str, Any]) -> Look:
    """What `look_to_dict` wrote."""
    aircraft = body["aircraft"]
    people = tuple(
        PlacedPerson(
            point=GeoPoint(lat_deg=lat, lon_deg=lon), error_m=error_m,
            relative_error_m=relative_error_m, score=score,
            box_px=(x0, y0, x1, y1), is_countable=countable,
        )
        for lat, lon, error_m, relative_error_m, score, x0, y0, x1, y1, countable in body["people"]
    )  # fmt: skip
    return Look(
        camera_id=body["camera_id"],
        sequence=body["sequence"],
        captured_utc=parse_utc(body["captured_utc"]),
        captured_at_s=body["captured_at_s"],
        is_valid=body["is_valid"],
        reason=body["reason"],
        people=people,
        footprint=tuple(GeoPoint(lat_deg=lat, lon_deg=lon) for lat, lon in body["footprint"]),
        aircraft=None if aircraft is None else GeoPoint(lat_deg=aircraft[0], lon_deg=aircraft[1]),
        aircraft_height_agl_m=body["aircraft_height_agl_m"],
        latency_s=body["latency_s"],
        rate_hz=body["rate_hz"],
        skipped_count=body["skipped_count"],
        size_px=(body["size_px"][0], body["size_px"][1]),
    )
