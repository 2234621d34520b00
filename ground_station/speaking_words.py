"""Why an announcement was not made, in both languages."""

from __future__ import annotations

from typing import NamedTuple

from ground_station.alerts import AlertState, CrowdAlert
from ground_station.record_words import value_zh
from patrol.errors import Refused


class Why(NamedTuple):
    """Why words were not heard whole."""

    text: str
    text_zh: str


def not_to_be_spoken(alert: CrowdAlert) -> Refused:
    """An alert in this state has to be acknowledged first, or is over."""
    name, name_zh = f"alert {alert.alert_id}", f"告警{alert.alert_id}"
    if alert.state is AlertState.RAISED or alert.is_handed_on_at_once:
        return Refused(
            f"{name} is {alert.state.value}: acknowledge it before speaking",
            text_zh=f"{name_zh}{value_zh(alert.state)}：请先确认，再喊话",
        )
    return Refused(
        f"{name} is {alert.state.value}: nothing can be announced for it now",
        text_zh=f"{name_zh}{value_zh(alert.state)}：现在不能为其喊话",
    )
