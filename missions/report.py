"""What a sortie's runner says of it: what was flown, and that the pilot has taken the aircraft."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from patrol.mode_words import mode_zh
from patrol.telemetry import FlightMode


@dataclass(frozen=True, slots=True, kw_only=True)
class SortieReport:
    """What was flown."""

    reason: str  # "flown" or why it ended otherwise
    takeoff_utc: datetime | None
    waypoints_flown: int
    abnormal: tuple[str, ...] = ()


def taken_words(mode: FlightMode) -> dict[str, str]:
    """The sticks have it: nothing automatic is sent until the pilot hands it back."""
    return {
        "text": f"the pilot has the aircraft (mode {mode.value}): nothing automatic is sent until "
        "the pilot resumes",
        "text_zh": f"操控员已接管飞行器（模式：{mode_zh(mode)}）："
        "操控员恢复任务前不再发送任何自动指令",
    }
