"""Reads the fast messages straight off the link: ten a second of them cost MAVSDK's road too much.

Slow ones (mode, battery, health, texts) come through MAVSDK, in `mavsdk_streams.py`.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from pymavlink.dialects.v20 import common as mavlink

from drone.mavlink_frames import Frame
from drone.newest import Ground, Newest, Part
from patrol.geo import GeoPoint
from patrol.telemetry import Attitude, CameraPointing, Fix, Gnss, VelocityNed, Wind

HEARTBEAT, CLOCK, POSITION, ATTITUDE, GNSS = 0, 2, 33, 30, 24
CAMERA, WIND, HEIGHTS, DISTANCE, TERRAIN = 285, 231, 141, 132, 136
# What autopilots stream by default and nobody here reads: LOCAL_POSITION_NED, ATTITUDE_QUATERNION,
# SERVO_OUTPUT_RAW, NAV_CONTROLLER_OUTPUT, RC_CHANNELS, VFR_HUD, IMU and pressure, the targets of
# the controllers, ODOMETRY, estimator, vibration, UTM and what is left of PX4's onboard set.
UNREAD = frozenset(
    {26, 27, 28, 29, 31, 32, 36, 62, 65, 74, 83, 85, 87, 105, 106, 116, 129, 137, 140, 143, 230,
     241, 331, 340, 375}
)  # fmt: skip
_LAT_MOST_E7, _LON_MOST_E7 = 900_000_000, 1_800_000_000
_UNKNOWN_U16, _UNKNOWN_U8 = 65535, 255
_YAW_LOCK, _VEHICLE_FRAME, _EARTH_FRAME = 16, 32, 64
_SYSTEM_STATUS = 1
_DOWNWARD = 25  # MAV_SENSOR_ROTATION_PITCH_270
_INVALID_SIGNAL = 1  # DISTANCE_SENSOR.signal_quality

_AUTOPILOT, _PX4 = 1, 12
_ORBIT = (3, 1)  # PX4's main and sub mode

Values = tuple[float, ...]


def _position(newest: Newest, values: Values, now_s: float) -> None:
    boot_ms, lat, lon, altitude_mm, above_home_mm, north_cm_s, east_cm_s, down_cm_s, heading = (
        values
    )
    if (lat == 0 and lon == 0) or abs(lat) > _LAT_MOST_E7 or abs(lon) > _LON_MOST_E7:
        return  # an autopilot without a position says the point off Africa, a mad one no place
    newest.heard_at_s, newest.boot_ms = now_s, int(boot_ms)
    newest.position = GeoPoint(lat_deg=lat / 1e7, lon_deg=lon / 1e7)
    newest.altitude_amsl_m = altitude_mm / 1000.0
    newest.height_above_home_m = above_home_mm / 1000.0
    newest.velocity = VelocityNed(
        north_m_s=north_cm_s / 100.0, east_m_s=east_cm_s / 100.0, down_m_s=down_cm_s / 100.0
    )
    if heading != _UNKNOWN_U16:
        newest.heading_true_deg = heading / 100.0 % 360.0
    newest.mark(Part.POSITION, now_s)
    newest.mark(Part.VELOCITY, now_s)


def _attitude(newest: Newest, values: Values, now_s: float) -> None:
    _, roll, pitch, yaw, _, _, yaw_rate = values
    if not abs(roll) + abs(pitch) + abs(yaw) <= 3.0 * math.tau:
        return  # not finite, or no attitude
    newest.attitude = Attitude(
        roll_deg=math.degrees(roll), pitch_deg=math.degrees(pitch), yaw_deg=math.degrees(yaw)
    )
    newest.yaw_rate_deg_s = math.degrees(yaw_rate) if math.isfinite(yaw_rate) else None
    newest.mark(Part.ATTITUDE, now_s)


def _gnss(newest: Newest, values: Values, now_s: float) -> None:
    hdop, fix, satellites = values[4], int(values[8]), int(values[9])
    newest.gnss = Gnss(
        fix=Fix(min(fix, Fix.RTK_FIXED)),
        satellites=0 if satellites == _UNKNOWN_U8 else satellites,
        hdop=None if hdop in (0, _UNKNOWN_U16) else hdop / 100.0,
    )
    newest.mark(Part.GNSS, now_s)


def _camera(newest: Newest, values: Values, now_s: float) -> None:
    w, x, y, z, flags = *values[1:5], int(values[9])
    if not 0.5 < w * w + x * x + y * y + z * z < 2.0:
        return  # not finite, or no rotation
    yaw_deg = math.degrees(math.atan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z)))
    is_from_north = bool(flags & _EARTH_FRAME) or (
        bool(flags & _YAW_LOCK) and not flags & _VEHICLE_FRAME
    )
    if not is_from_north:
        if newest.heading_true_deg is None:
            return  # told from the nose, and where the nose points is not known
        yaw_deg += newest.heading_true_deg
    newest.camera = CameraPointing(
        bearing_true_deg=yaw_deg % 360.0,
        pitch_deg=math.degrees(math.asin(max(-1.0, min(1.0, 2 * (w * y - z * x))))),
        roll_deg=math.degrees(math.atan2(2 * (w * x + y * z), 1 - 2 * (x * x + y * y))),
    )
    newest.mark(Part.CAMERA, now_s)


def _wind(newest: Newest, values: Values, now_s: float) -> None:
    north_m_s, east_m_s = values[1], values[2]
    if not math.isfinite(north_m_s + east_m_s):
        return
    newest.wind = Wind(
        speed_m_s=math.hypot(north_m_s, east_m_s),
        # The message tells where the air goes; people say where wind comes from.
        from_deg_true=math.degrees(math.atan2(-east_m_s, -north_m_s)) % 360.0,
    )
    newest.mark(Part.WIND, now_s)


def _heights(newest: Newest, values: Values, now_s: float) -> None:
    """ALTITUDE: the distance to the ground below where it has one, else its height above terrain.

    PX4 v1.16 fills `altitude_terrain` with the ground's own height, but never without the distance.
    """
    for height_m in (values[6], values[5]):
        if math.isfinite(height_m) and height_m >= 0.0:
            newest.tell_ground(Ground.ALTITUDE, height_m, now_s)
            return
    newest.lose_ground(Ground.ALTITUDE)


def _distance(newest: Newest, values: Values, now_s: float) -> None:
    """DISTANCE_SENSOR: a beam straight down from the belly, slanted as the aircraft is."""
    low_cm, high_cm, distance_cm, orientation = values[1], values[2], values[3], int(values[6])
    if orientation != _DOWNWARD:
        return
    if not low_cm <= distance_cm <= high_cm or values[-1] == _INVALID_SIGNAL:
        newest.lose_ground(Ground.BEAM)
        return
    attitude, upright = newest.attitude, 1.0
    if attitude is not None:
        upright = math.cos(math.radians(attitude.roll_deg)) * math.cos(
            math.radians(attitude.pitch_deg)
        )
    newest.tell_ground(Ground.BEAM, distance_cm / 100.0 * max(0.0, upright), now_s)


def _terrain(newest: Newest, values: Values, now_s: float) -> None:
    """TERRAIN_REPORT: by the autopilot's own map; spacing 0 is no map."""
    height_m, spacing = values[3], values[4]
    if spacing and math.isfinite(height_m) and height_m >= 0.0:
        newest.tell_ground(Ground.MAP, height_m, now_s)
    else:
        newest.lose_ground(Ground.MAP)


def _clock(newest: Newest, values: Values, now_s: float) -> None:
    if values[0] > 0:  # 0: it has not heard from a satellite what time it is
        newest.clock_utc_s = values[0] / 1e6
        newest.mark(Part.CLOCK, now_s)


_READERS: dict[int, Callable[[Newest, Values, float], None]] = {
    POSITION: _position, ATTITUDE: _attitude, GNSS: _gnss, CAMERA: _camera, WIND: _wind,
    HEIGHTS: _heights, CLOCK: _clock, DISTANCE: _distance, TERRAIN: _terrain,
}  # fmt: skip
FAST = frozenset(_READERS)
_UNPACKERS = {number: mavlink.mavlink_map[number].unpacker for number in _READERS}


def read(frame: Frame, newest: Newest, now_s: float) -> None:
    """Take what a frame says into the newest values; what is no fast message is passed over.

    Only the autopilot tells of the aircraft: a gimbal, a radio or a companion computer with its
    system id speaks on while the autopilot is dead. A gimbal tells of itself alone.
    """
    number = frame.message_id
    if frame.component_id != _AUTOPILOT:
        if number == CAMERA:
            _take(frame, newest, now_s)
        return
    if frame.is_checked:
        newest.mark(Part.LINK, now_s)
    if number == HEARTBEAT:
        _heartbeat(frame.payload.ljust(9, b"\0"), newest)
    elif number == _SYSTEM_STATUS:  # MAVSDK tells its health again with other messages too
        newest.mark(Part.HEALTH, now_s)
    elif number in _READERS:
        _take(frame, newest, now_s)


def _take(frame: Frame, newest: Newest, now_s: float) -> None:
    unpacker = _UNPACKERS[frame.message_id]
    whole = frame.payload.ljust(unpacker.size, b"\0")[: unpacker.size]
    _READERS[frame.message_id](newest, unpacker.unpack(whole), now_s)


def _heartbeat(body: bytes, newest: Newest) -> None:
    """MAVSDK reads it too; it only tells an orbit from the sticks here."""
    newest.is_orbiting = body[5] == _PX4 and (body[2], body[3]) == _ORBIT
