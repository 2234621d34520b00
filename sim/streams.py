"""Which message is due when: PX4's streams at about a fifth of its rates, and as asked for."""

from __future__ import annotations

import math

TICK_S = 0.05  # wall; the fastest stream
SHORTEST_US = int(TICK_S * 1e6)

# Message number and its times a wall second.
_RATES_HZ = {
    30: 20.0,  # ATTITUDE
    33: 10.0,  # GLOBAL_POSITION_INT
    32: 10.0,  # LOCAL_POSITION_NED
    285: 10.0,  # GIMBAL_DEVICE_ATTITUDE_STATUS
    245: 4.0,  # EXTENDED_SYS_STATE
    74: 4.0,  # VFR_HUD
    24: 2.0,  # GPS_RAW_INT
    141: 2.0,  # ALTITUDE
    132: 2.0,  # DISTANCE_SENSOR
    1: 1.25,  # SYS_STATUS
    147: 1.25,  # BATTERY_STATUS
    42: 1.0,  # MISSION_CURRENT
    231: 1.0,  # WIND_COV
    2: 1.0,  # SYSTEM_TIME
    242: 0.5,  # HOME_POSITION
}


class Streams:
    """Intervals, and when each message was sent last."""

    def __init__(self) -> None:
        self._interval_s = {number: 1.0 / rate for number, rate in _RATES_HZ.items()}
        self._due_s = dict.fromkeys(_RATES_HZ, -math.inf)

    def set(self, number: int, interval_us: float) -> None:
        """MAV_CMD_SET_MESSAGE_INTERVAL: 0 is the default, less than that stops the stream."""
        self._due_s.pop(number, None)
        self._interval_s.pop(number, None)
        if interval_us == 0.0 and number in _RATES_HZ:
            self._interval_s[number] = 1.0 / _RATES_HZ[number]
        elif interval_us > 0.0:
            self._interval_s[number] = max(TICK_S, interval_us / 1e6)
        if number in self._interval_s:
            self._due_s[number] = -math.inf

    def interval_us(self, number: int) -> int:
        """What MESSAGE_INTERVAL tells: -1 when it is not sent."""
        interval_s = self._interval_s.get(number)
        return -1 if interval_s is None else round(interval_s * 1e6)

    def due(self, now_s: float) -> list[int]:
        """What has to be sent at this wall moment; asking counts as sending."""
        found = [number for number, due_s in self._due_s.items() if due_s <= now_s]
        for number in found:
            # Half a tick early is on time, or a stream of 20 Hz would slip to 10.
            late_s = self._due_s[number] + self._interval_s[number]
            self._due_s[number] = max(late_s, now_s + self._interval_s[number] - TICK_S / 2)
        return found
