"""The demo's named actors: the director who launches, the auto-operator who presses buttons.

Both work through the station's HTTP API alone, are logged under these names, and are refused by the
station outside an exercise.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import anyio

from ground_station.station_client import StationClient, StationRefused
from patrol.cause import Role
from patrol.clock import parse_utc

DIRECTOR = "exercise-director"
AUTO_OPERATOR = "auto-operator"
_SECOND_PLAY_AFTER = timedelta(seconds=190)  # two plays count when at least 3 minutes apart
_LOOK_AGAIN_S = 0.5  # wall


async def launch(client: StationClient, grid_code: str) -> str:
    """Plan, approve and launch a boundary patrol; the sortie's id. StationRefused with findings."""
    plan = await client.post("/api/plans", Role.LEADER, grid_code=grid_code)
    plan_id = plan["plan"]["plan_id"]
    await client.post(f"/api/plans/{plan_id}/approve", Role.LEADER, digest=plan["digest"])
    answer = await client.post("/api/sorties", Role.PILOT, plan_id=plan_id)
    return str(answer["sortie"])


async def sign_when_landed(client: StationClient, event: dict[str, Any]) -> None:
    """Pilot and registrar sign the log of a landed sortie."""
    for role in (Role.PILOT, Role.REGISTRAR):
        await client.post(f"/api/sorties/{event['sortie']}/sign", role)


class AutoOperator:
    """Acknowledges each alert and releases T01; once more when people stay."""

    def __init__(self, client: StationClient) -> None:
        self._client = client

    async def answer(self, event: dict[str, Any]) -> None:
        """Do what an operator would at this event of the story."""
        if event["event"] == "alert.raised":
            alert_id = event["alert"]
            await self._client.post(f"/api/alerts/{alert_id}/acknowledge", Role.OPERATOR)
            await self._release(alert_id)
        elif event["event"] == "announcement.played" and event.get("play") == 1:
            await self._repeat_if_they_stay(event["alert"], event["t_utc"])

    async def _release(self, alert_id: str) -> None:
        try:
            await self._client.post(
                f"/api/alerts/{alert_id}/announce", Role.ANNOUNCER, template="T01"
            )
        except StationRefused as error:
            if error.status != 409:  # blocked by a rule is part of the story; anything else is not
                raise

    async def _repeat_if_they_stay(self, alert_id: str, played_utc: str) -> None:
        due = parse_utc(played_utc) + _SECOND_PLAY_AFTER
        while True:
            state = await self._client.state()
            alert = state.get("alert")
            if alert is None or alert["id"] != alert_id or alert["state"] != "OBSERVING":
                return
            if parse_utc(state["clock"]["utc"]) >= due:
                await self._release(alert_id)
                return
            await anyio.sleep(_LOOK_AGAIN_S)
