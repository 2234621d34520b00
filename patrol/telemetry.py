"""What an aircraft says of itself, assembled into one sample. Missing is None, never 0 or NaN."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime

from patrol.geo import GeoPoint


class Fix(enum.IntEnum):
    """GNSS fix, numbered as MAVLink GPS_FIX_TYPE."""

    NO_GPS = 0
    NO_FIX = 1
    TWO_D = 2
    THREE_D = 3
    DGPS = 4
    RTK_FLOAT = 5
    RTK_FIXED = 6


class FlightMode(enum.Enum):
    """What the autopilot is doing, in an operator's words."""

    UNKNOWN = "unknown"
    READY = "ready"
    TAKE_OFF = "take_off"
    HOLD = "hold"
    MISSION = "mission"
    RETURN = "return"
    LAND = "land"
    MANUAL = "manual"  # any mode in which the pilot's sticks fly
    OFFBOARD = "offboard"
    ORBIT = "orbit"


@dataclass(frozen=True, slots=True, kw_only=True)
class VelocityNed:
    """As MAVLink sends it: north, east, down."""

    north_m_s: float
    east_m_s: float
    down_m_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Attitude:
    """Body attitude, degrees; yaw -180 to 180 from true north."""

    roll_deg: float
    pitch_deg: float
    yaw_deg: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraPointing:
    """Where the camera looks: earth-fixed, 0 to 360 true, pitch negative below the horizon."""

    bearing_true_deg: float
    pitch_deg: float
    roll_deg: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Battery:
    """Remaining charge 0 to 100."""

    charge_pct: float
    voltage_v: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gnss:
    """Quality of the satellite position."""

    fix: Fix
    satellites: int
    hdop: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wind:
    """As the autopilot estimates it; where it comes from, 0 to 360 true."""

    speed_m_s: float
    from_deg_true: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Ages:
    """Wall seconds since each part of a sample was told; None: never yet."""

    link_s: float | None = None  # anything at all, a heartbeat at least
    position_s: float | None = None
    velocity_s: float | None = None
    attitude_s: float | None = None
    camera_s: float | None = None
    battery_s: float | None = None
    gnss_s: float | None = None
    home_s: float | None = None
    mode_s: float | None = None  # and whether it is armed: the heartbeat tells both
    in_air_s: float | None = None
    terrain_s: float | None = None
    wind_s: float | None = None
    text_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TelemetrySample:
    """One aircraft at one moment."""

    vehicle_id: str
    time_utc: datetime  # world time at receipt
    heard_at_s: float  # wall monotonic seconds of the newest position message
    boot_ms: int | None = None  # the aircraft's own clock when it sent that position
    position: GeoPoint | None = None
    altitude_amsl_m: float | None = None
    height_above_home_m: float | None = None
    height_agl_m: float | None = None  # as the aircraft tells it; None once that is 3 s old
    velocity: VelocityNed | None = None
    attitude: Attitude | None = None
    yaw_rate_deg_s: float | None = None
    camera: CameraPointing | None = None
    heading_true_deg: float | None = None
    battery: Battery | None = None
    gnss: Gnss | None = None
    wind: Wind | None = None
    home: GeoPoint | None = None
    home_altitude_amsl_m: float | None = None
    mode: FlightMode = FlightMode.UNKNOWN
    is_armed: bool | None = None
    is_in_air: bool | None = None
    mission_item: int | None = None  # current item of the uploaded plan, as waypoints of the plan
    mission_total: int | None = None
    last_text: str | None = None  # the autopilot's newest words (STATUSTEXT)
    ages: Ages = Ages()


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleSaid:
    """One autopilot text (STATUSTEXT)."""

    vehicle_id: str
    time_utc: datetime
    severity: str
    text: str
