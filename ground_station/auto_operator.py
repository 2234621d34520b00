"""The demo's named actors: the director who launches, the auto-operator who presses buttons.

Both work through the station's HTTP API alone, are logged under these names, and are refused by the
station outside an exercise.
"""

from __future__ import annotations

from collections.abc import Awaitable
from datetime import timedelta

import anyio

from ground_station.client import Alert, Event, State, StationClient, StationRefused
from patrol.cause import Role
from patrol.clock import parse_utc

DIRECTOR = "exercise-director"
AUTO_OPERATOR = "auto-operator"
ROLES = {
    DIRECTOR: (Role.LEADER, Role.PILOT, Role.REGISTRAR),
    AUTO_OPERATOR: (Role.OPERATOR, Role.ANNOUNCER),
}
_SECOND_PLAY_AFTER = timedelta(seconds=190)  # two plays count when at least 3 minutes apart
_ANSWERED_WITHIN = timedelta(seconds=60)  # after the landing
_LOOK_AGAIN_S = 0.5  # wall
_NOT_FOUND, _CONFLICT = 404, 409


async def launch(client: StationClient, grid_code: str) -> str:
    """Plan, approve and launch a patrol of the only aircraft; StationRefused with findings."""
    made = await client.make_plan(grid_code)
    await client.approve_plan(made)
    declaration = {"remote_id_ok": True, "weather": "as the simulator makes it"}
    return await client.launch(made["plan"]["plan_id"], declaration)


async def sign_when_landed(client: StationClient, event: Event) -> None:
    """Pilot and registrar sign the log of a landed sortie, again and again until it closes.

    What nobody has answered a minute after the landing is handed on to the grid.
    """
    hand_on_utc = parse_utc(event["t_utc"]) + _ANSWERED_WITHIN
    while True:
        is_refused = False
        for role in (Role.PILOT, Role.REGISTRAR):
            try:
                await client.sign(event["sortie"], role)
            except StationRefused as error:
                if error.status == _NOT_FOUND:
                    return  # closed by now
                if error.status != _CONFLICT:
                    raise
                is_refused = True  # the station tells why in the story
        if not is_refused:
            return
        state = await client.state()
        if parse_utc(state["clock"]["utc"]) >= hand_on_utc:
            await _hand_on(client, state)
        await anyio.sleep(_LOOK_AGAIN_S)


async def _hand_on(client: StationClient, state: State) -> None:
    for alert in alerts_of(state):
        if alert["state"] in ("RAISED", "ACKNOWLEDGED"):
            await _unless_in_conflict(
                client.escalate(alert["id"], "nobody answered before the landing")
            )


def alerts_of(state: State) -> list[Alert]:
    """The alerts of every aircraft."""
    return [alert for unit in state["units"].values() for alert in unit.get("alerts") or []]


async def _unless_in_conflict(asked: Awaitable[object]) -> None:
    """A no of a rule, or somebody who was quicker, is part of the story; anything else is not."""
    try:
        await asked
    except StationRefused as error:
        if error.status != _CONFLICT:
            raise


class AutoOperator:
    """Acknowledges each alert and releases T01; once more when people stay."""

    def __init__(self, client: StationClient) -> None:
        self._client = client

    async def answer(self, event: Event) -> None:
        """Do what an operator would at this event of the story."""
        if event["event"] == "alert.raised":
            alert_id = event["alert"]
            await _unless_in_conflict(self._client.acknowledge(alert_id))
            await self._release(alert_id)
        elif event["event"] == "announcement.played" and event.get("play") == 1:
            await self._repeat_if_they_stay(event["alert"], event["t_utc"])

    async def _release(self, alert_id: str) -> None:
        await _unless_in_conflict(self._client.announce(alert_id, "T01"))

    async def _repeat_if_they_stay(self, alert_id: str, played_utc: str) -> None:
        due = parse_utc(played_utc) + _SECOND_PLAY_AFTER
        while True:
            state = await self._client.state()
            alert = next((one for one in alerts_of(state) if one["id"] == alert_id), None)
            if alert is None or alert["state"] != "OBSERVING":
                return
            if parse_utc(state["clock"]["utc"]) >= due:
                await self._release(alert_id)
                return
            await anyio.sleep(_LOOK_AGAIN_S)
