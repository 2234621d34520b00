"""The live socket: the state kept up to date, joined again where it broke off."""

from __future__ import annotations

import json
import ssl
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlencode

import anyio
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from ground_station.client.answers import Event, State
from ground_station.client.http import StationRefused
from patrol.errors import Transient

_STORY_KEPT = 400
_OPENED_WITHIN_S = 10.0
_AGAIN_S, _AGAIN_AT_MOST_S = 0.2, 3.0
_LARGEST = 16 << 20
_SIGNED_OUT, _MAY_NOT = 4401, 4403  # the station's close codes


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """The state after one message; with the event if that is what it was."""

    seq: int
    state: State
    event: Event | None = None
    is_whole: bool = False  # the state was sent anew: events may have been missed


class LiveReader:
    """Follows one station; what it saw last stays known between two connections."""

    def __init__(
        self, url: str, *, token: str, tls: ssl.SSLContext | None = None, away_s: float = 60.0
    ) -> None:
        self._url = url.replace("http", "ws", 1).rstrip("/") + "/ws/live"
        self._how: dict[str, Any] = {
            "additional_headers": {"Authorization": f"Bearer {token}"} if token else {},
            "proxy": None, "max_size": _LARGEST, "open_timeout": _OPENED_WITHIN_S,
        } | ({"ssl": tls} if tls else {})  # fmt: skip
        self._away_s = away_s
        self._run, self._seq = "", 0
        self._state: dict[str, Any] = {"units": {}}
        self.joined_count = 0

    async def run(self) -> AsyncGenerator[Seen, None]:
        """For ever; StationRefused when signed out, Transient when the station stays away."""
        heard_s, wait_s = anyio.current_time(), _AGAIN_S
        while True:
            try:
                async with connect(self._address(), **self._how) as socket:
                    self.joined_count += 1
                    async for text in socket:
                        heard_s, wait_s = anyio.current_time(), _AGAIN_S
                        yield self._take(json.loads(text))
                    _raise_if_out(socket.close_code, socket.close_reason)
            except ConnectionClosed as error:
                _raise_if_out(error.rcvd.code if error.rcvd else None, str(error))
            except (OSError, TimeoutError, InvalidHandshake) as error:
                if anyio.current_time() - heard_s > self._away_s:
                    raise Transient(f"the station does not answer: {error!r}") from error
            await anyio.sleep(wait_s)
            wait_s = min(2 * wait_s, _AGAIN_AT_MOST_S)

    def _address(self) -> str:
        place = {"run": self._run, "seq": self._seq} if self._run else {}
        return f"{self._url}?{urlencode(place)}" if place else self._url

    def _take(self, message: dict[str, Any]) -> Seen:
        self._seq = message["seq"]
        event: Event | None = None
        if message["type"] == "state":
            self._run, self._state = message["run"], message["state"]
        elif message["type"] == "patch":
            self._state = patched(self._state, message["patch"])
        else:
            event = message["event"]
            story = [*self._state.get("story", []), event][-_STORY_KEPT:]
            self._state = self._state | {"story": story}
        return Seen(
            seq=self._seq, state=cast("State", self._state), event=event,
            is_whole=message["type"] == "state",
        )  # fmt: skip


def patched(state: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    """The state with the patch's keys in place of its own; of each aircraft, those it names."""
    units = dict(state.get("units", {}))
    for name, keys in patch.get("units", {}).items():
        units[name] = units.get(name, {}) | keys
    return state | patch | {"units": units}


def _raise_if_out(code: int | None, words: str | None) -> None:
    if code in (_SIGNED_OUT, _MAY_NOT):
        raise StationRefused(words or "signed out", status=401 if code == _SIGNED_OUT else 403)
