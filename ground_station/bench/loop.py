"""`gridpatrol bench loop`: from the alert to a console, and from the release to the first sound.

The station and the payload agent are processes of their own. This process is the consoles, and the
air: a clip has begun to sound when the agent's device has it here. All run on this machine.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import anyio
import anyio.abc
import httpx
from websockets.asyncio.client import connect

from ground_station.children import Child, running
from ground_station.client import StationClient
from ground_station.commands.users import open_book
from ground_station.people.passwords import Cost
from ground_station.people.persons import Grant
from patrol.cause import Role
from patrol.errors import Refused

_WITHIN_S = 15.0  # wall; for one step
_GAP_S = 0.15
_THINKING_S = 0.5  # nobody reads an alert and releases words sooner
_LOGIN = "bench"
_ROLES = (Role.OPERATOR, Role.ANNOUNCER, Role.LEADER)
_LARGEST = 16 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Spans:
    """How often, and before how many consoles."""

    prepared: int
    fresh: int
    marks: int
    sockets: int = 200


FULL = Spans(prepared=60, fresh=60, marks=120)
QUICK = Spans(prepared=9, fresh=9, marks=25)


@dataclass(slots=True, kw_only=True)
class _Times:
    alert_s: list[float] = field(default_factory=list)
    prepared_s: list[float] = field(default_factory=list)
    fresh_s: list[float] = field(default_factory=list)
    mark_s: list[float] = field(default_factory=list)
    patch_s: list[float] = field(default_factory=list)


class Air:
    """Takes clips as an exercise's air does, and notes when each is there whole."""

    def __init__(self) -> None:
        self.heard = anyio.Event()
        self.heard_s = 0.0

    def begin(self) -> None:
        """Wait for the next clip."""
        self.heard = anyio.Event()

    async def answer(self, stream: anyio.abc.SocketStream) -> None:
        """One clip; it is over at once."""
        async with stream:
            got = b""
            while b"\r\n\r\n" not in got:
                got += await stream.receive()
            head, _, body = got.partition(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
            while len(body) < length:
                body += await stream.receive()
            self.heard_s = time.monotonic()
            self.heard.set()
            said = b'{"finished": true}'
            await stream.send(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                b"Connection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(said), said)
            )


class Bench:
    """One run."""

    def __init__(self, spans: Spans, station: Child, token: str, air: Air) -> None:
        self._spans, self._station, self._token, self._air = spans, station, token, air
        self._url = str(station.ready["url"])
        self._times = _Times()
        self._joined = 0
        self._is_crowded = False

    async def run(self) -> dict[str, Any]:
        """Alerts and releases before one console, then changes before all of them."""
        async with StationClient(self._url, token=self._token) as client:
            sends, alerts = anyio.create_memory_object_stream[str](100)
            async with sends, alerts, anyio.create_task_group() as group:
                group.start_soon(self._other_console, sends)
                await self._until(lambda: self._joined == 1)
                await self._loops(client, alerts)
                requests = await self._ask(client)
                await self._crowd(group)
                group.cancel_scope.cancel()
        return self._result() | requests

    async def _loops(
        self, client: StationClient, alerts: anyio.abc.ObjectReceiveStream[str]
    ) -> None:
        # The first words of a station load the voice and the connections.
        await self._release(client, await self._alert(alerts), None)
        for _ in range(self._spans.prepared):
            await self._release(client, await self._alert(alerts), self._times.prepared_s)
        for _ in range(self._spans.fresh):
            alert_id = await self._alert(alerts)
            await self._tell("forget")
            await self._release(client, alert_id, self._times.fresh_s)

    async def _alert(self, alerts: anyio.abc.ObjectReceiveStream[str]) -> str:
        await anyio.sleep(_GAP_S)
        await self._tell("raise")
        with anyio.fail_after(_WITHIN_S):
            return await alerts.receive()

    async def _release(
        self, client: StationClient, alert_id: str, times_s: list[float] | None
    ) -> None:
        """Acknowledge, think for a moment, release; until the device has the clip."""
        await client.acknowledge(alert_id)
        await anyio.sleep(_THINKING_S)
        self._air.begin()
        began_s = time.monotonic()
        await client.announce(alert_id, "T01")
        with anyio.fail_after(_WITHIN_S):
            await self._air.heard.wait()
        if times_s is not None:
            times_s.append(self._air.heard_s - began_s)
        with anyio.fail_after(_WITHIN_S):
            while (await client.state())["units"]["GP-1"]["announcement"]["state"] != "PLAYED":  # type: ignore[index]
                await anyio.sleep(0.02)

    async def _ask(self, client: StationClient) -> dict[str, float]:
        """What a request costs by token, and one that nobody has to sign in for."""
        times_s: dict[str, list[float]] = {"/api/templates": [], "/api/health": []}
        async with httpx.AsyncClient(base_url=self._url, trust_env=False) as http:
            headers = {"Authorization": f"Bearer {self._token}"}
            for _ in range(self._spans.marks):
                for path, times in times_s.items():
                    began_s = time.monotonic()
                    (await http.get(path, headers=headers)).raise_for_status()
                    times.append(time.monotonic() - began_s)
        return {
            "p50_token_get_s": share(times_s["/api/templates"], 0.5),
            "p50_plain_get_s": share(times_s["/api/health"], 0.5),
        }

    async def _crowd(self, group: anyio.abc.TaskGroup) -> None:
        """All consoles at once; the story goes on before them."""
        for _ in range(self._spans.sockets):
            group.start_soon(self._console)
        await self._until(lambda: self._joined == self._spans.sockets + 1)
        await anyio.sleep(1.0)
        self._is_crowded = True
        for _ in range(self._spans.marks):
            await self._tell("mark")
            await anyio.sleep(_GAP_S)
        await self._until(
            lambda: len(self._times.mark_s) >= self._spans.sockets * self._spans.marks
        )

    async def _other_console(self, alerts: anyio.abc.ObjectSendStream[str]) -> None:
        """Another client, who sees each alert come."""
        raised_s = 0.0
        async with self._socket() as socket:
            async for text in socket:
                message = json.loads(text)
                self._joined += message["type"] == "state"
                event = message.get("event") or {}
                if event.get("event") == "bench.raise":
                    raised_s = event["at_s"]
                elif event.get("event") == "alert.raised":
                    self._times.alert_s.append(time.monotonic() - raised_s)
                    await alerts.send(event["alert"])

    async def _console(self) -> None:
        async with self._socket() as socket:
            async for text in socket:
                now_s = time.monotonic()
                if '"bench.mark"' in str(text):
                    self._times.mark_s.append(now_s - json.loads(text)["event"]["at_s"])
                elif str(text).startswith('{"type":"state"'):
                    self._joined += 1
                elif self._is_crowded and '"look":{' in str(text):
                    look = json.loads(text)["patch"]["units"]["GP-1"]["look"]
                    self._times.patch_s.append(now_s - look["at_s"])

    def _socket(self) -> connect:
        return connect(
            self._url.replace("http", "ws", 1) + "/ws/live", proxy=None, max_size=_LARGEST,
            additional_headers={"Authorization": f"Bearer {self._token}"}, open_timeout=_WITHIN_S,
        )  # fmt: skip

    async def _tell(self, word: str) -> None:
        assert self._station.process.stdin is not None  # noqa: S101  # a pipe
        await self._station.process.stdin.send(word.encode() + b"\n")

    async def _until(self, condition: Callable[[], bool]) -> None:
        with anyio.fail_after(2 * _WITHIN_S):
            while not condition():
                if (failed := self._station.ended()) is not None:
                    raise failed
                await anyio.sleep(0.02)

    def _result(self) -> dict[str, Any]:
        times = self._times
        return {
            "sockets": self._spans.sockets,
            "alerts": len(times.alert_s),
            "load_1min": os.getloadavg()[0],
            "p50_alert_s": share(times.alert_s, 0.5),
            "p95_alert_s": share(times.alert_s, 0.95),
            "p50_prepared_s": share(times.prepared_s, 0.5),
            "p95_prepared_s": share(times.prepared_s, 0.95),
            "p50_fresh_s": share(times.fresh_s, 0.5),
            "p95_fresh_s": share(times.fresh_s, 0.95),
            "p50_sockets_s": share(times.mark_s, 0.5),
            "p95_sockets_s": share(times.mark_s, 0.95),
            "p95_patch_s": share(times.patch_s, 0.95),
        }


def share(times_s: list[float], part: float) -> float:
    """The time that so large a part of them stays within."""
    if not times_s:
        raise Refused("nothing was measured")
    ordered = sorted(times_s)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


async def measure_loop(spans: Spans) -> dict[str, Any]:
    """Start the parts, measure, end them; the JSON object of the benchmark."""
    with tempfile.TemporaryDirectory(prefix="gridpatrol-bench-") as name:
        async with _parts(Path(name)) as (station, token, air):
            return await Bench(spans, station, token, air).run()


@asynccontextmanager
async def _parts(folder: Path) -> AsyncIterator[tuple[Child, str, Air]]:
    air = Air()
    token = await _token(folder / "data")
    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener:
        port = listener.extra(anyio.abc.SocketAttribute.local_port)  # noqa: S610
        async with anyio.create_task_group() as group:
            group.start_soon(_serve, listener.serve, air.answer)
            agent_arguments = ["-m", "drone.agent", "--port", "0"]
            agent_arguments += ["--output", f"air:http://127.0.0.1:{port}/"]
            async with running("payload agent", agent_arguments, log_dir=folder) as agent:
                config = folder / "station.toml"
                config.write_text(_settings_text(folder, agent), encoding="utf-8")
                arguments = ["-m", "ground_station.bench.loop_station", "--config", str(config)]
                async with running("station", arguments, log_dir=folder) as station:
                    yield station, token, air
            group.cancel_scope.cancel()


async def _serve(serve: Callable[..., Awaitable[None]], answer: Callable[..., Any]) -> None:
    await serve(answer)


async def _token(data: Path) -> str:
    async with open_book(data, is_exercise=True, cost=Cost()) as book:
        await book.add(_LOGIN, _LOGIN, [Grant(role=role) for role in _ROLES], has_password=False)
        _, key = await book.make_token(
            _LOGIN, purpose="bench", roles=_ROLES, lasts=timedelta(hours=1)
        )
    return key


def _settings_text(folder: Path, agent: Child) -> str:
    return f"""port = 0
data_dir = {json.dumps(str(folder / "data"))}
is_exercise = true
watchdog_s = 60.0

[[aircraft]]
connect = "udpout://127.0.0.1:9"

[aircraft.camera]
url = "rtsp://127.0.0.1/none"

[aircraft.speaker]
url = {json.dumps(agent.ready["url"])}
"""
