"""A mission as the autopilot holds it: items, and how far it has come. It flies nothing."""

from __future__ import annotations

from dataclasses import dataclass, field

from patrol.geo import GeoPoint

# MAV_CMD numbers that a mission may hold.
WAYPOINT, LOITER, LOITER_TIME, RETURN, LAND_HERE, TAKE_OFF, DELAY = 16, 17, 19, 20, 21, 22, 93
CHANGE_SPEED, GIMBAL, GIMBAL_CONFIGURE, ROI, ROI_NONE = 178, 1000, 1001, 195, 197
YAW_LOCK_FLAG = 16
CRUISE_M_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One mission item: MAV_CMD, its parameters, and place with height above home."""

    command: int
    params: tuple[float, float, float, float]
    point: GeoPoint | None
    up_m: float


@dataclass(slots=True, kw_only=True)
class MissionState:
    """The items, the one that is flown, and the speed in force."""

    items: list[Item] = field(default_factory=list)
    current: int = 0
    is_over: bool = False
    cruise_m_s: float = CRUISE_M_S

    def landing(self) -> Item | None:
        """Where the mission itself lands."""
        landings = (i for i in self.items if i.command == LAND_HERE and i.point is not None)
        return next(landings, None)
