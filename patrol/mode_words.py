"""What the flight modes are called in Chinese."""

from __future__ import annotations

from patrol.telemetry import FlightMode

_ZH = {
    FlightMode.UNKNOWN: "未知",
    FlightMode.READY: "就绪",
    FlightMode.TAKE_OFF: "起飞",
    FlightMode.HOLD: "悬停",
    FlightMode.MISSION: "巡航",
    FlightMode.RETURN: "返航",
    FlightMode.LAND: "降落",
    FlightMode.MANUAL: "手动",
    FlightMode.OFFBOARD: "外部控制",
    FlightMode.ORBIT: "环绕",
}


def mode_zh(mode: FlightMode) -> str:
    """The mode as the console calls it."""
    return _ZH[mode]
