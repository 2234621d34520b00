"""All aircraft of one process on one MAVSDK object. Its bytes come and go through our hands.

MAVSDK gets only the frames of our own aircraft, and of those only what it reads; what it sends
goes to the aircraft it is for. So a stranger is never commanded, every byte can be logged, and
when this process hangs the heartbeats stop: the autopilot's own link-loss fail-safe then works.
"""

from __future__ import annotations

import asyncio
import math
from collections import defaultdict
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

import anyio
import anyio.abc
import structlog
from mavsdk import Configuration, Mavsdk
from mavsdk.asyncio import System
from mavsdk.component_type import ComponentType

from drone.mavlink_frames import Frame, Splitter
from drone.mavlink_streams import FAST, UNREAD
from drone.roster import HEARTBEAT, AircraftLink, Roster, Shown
from drone.transport import Address, Transport
from drone.transports import check_url, make_transport
from patrol.bus import Bus
from patrol.clock import WallClock, WorldClock
from patrol.errors import ConfigError, LinkLost
from patrol.story import StoryEvent

AIRCRAFT_MAX = 50
_THREADS_EACH = 8  # threads are made when they are needed, not before
_FIRST_CONTACT_S = 7.0  # wall; a person is told within 10
_REFUSED_S = 2.0  # wall; two heartbeats
_LOOK_EVERY_S = 0.05  # wall
_LOOK_UP_EVERY_S = 0.1  # wall; one look finds everybody
_NOT_FOR_MAVSDK = FAST | UNREAD
_NOT_LOGGED = frozenset({120})  # LOG_DATA: the autopilot's log has a file of its own
_log = structlog.get_logger(__name__)


def prepare_executor(aircraft: int = AIRCRAFT_MAX) -> None:
    """Give MAVSDK's blocking calls threads enough; call once in the running loop.

    Each call blocks one; with eight for each aircraft one that is silent cannot take another's.
    """
    executor = ThreadPoolExecutor(_THREADS_EACH * aircraft, thread_name_prefix="mavsdk")
    asyncio.get_running_loop().set_default_executor(executor)


class Fleet:
    """`run` holds MAVSDK; an aircraft is with the fleet while it is inside `joined`."""

    def __init__(
        self,
        *,
        bus: Bus,
        world: WorldClock,
        wall: WallClock,
        first_contact_s: float = _FIRST_CONTACT_S,
    ) -> None:
        self._bus = bus
        self._world = world
        self._wall = wall
        self._first_contact_s = first_contact_s
        self._roster = Roster(self._tell)
        self._carriers: dict[str, _Carrier] = {}
        self._systems: dict[int, System] = {}
        self._looked_at_s = -math.inf
        self._greeting = b""
        self._for_mavsdk: list[bytes] = []
        self._own_id = 0
        self._mavsdk: Mavsdk | None = None
        self._group: anyio.abc.TaskGroup | None = None
        self._is_open = anyio.Event()
        self._aboard: list[anyio.CancelScope] = []
        self._opening: defaultdict[str, anyio.Lock] = defaultdict(anyio.Lock)

    async def run(self) -> None:
        """Hold MAVSDK until cancelled and until the last aircraft has left."""
        configuration = Configuration.create_with_component_type(ComponentType.GROUND_STATION)
        self._own_id = configuration.system_id
        loop = asyncio.get_running_loop()
        self._mavsdk = mavsdk = Mavsdk(configuration)
        try:
            mavsdk.subscribe_raw_bytes_to_be_sent(
                lambda data: loop.call_soon_threadsafe(self._sending, data)
            )
            mavsdk.add_any_connection("raw://")
            async with anyio.create_task_group() as self._group:
                self._is_open.set()
                await anyio.sleep_forever()
        finally:
            self._is_open, self._group = anyio.Event(), None
            for scope in self._aboard:  # where a line ended by a bug, nobody else sends them away
                scope.cancel()
            with anyio.CancelScope(shield=True):
                while self._roster.links:  # each leaves when its command under way has ended
                    await anyio.sleep(_LOOK_EVERY_S)
                self._mavsdk = None
                self._systems.clear()
                await loop.run_in_executor(None, mavsdk.destroy)

    @asynccontextmanager
    async def joined(self, link: AircraftLink) -> AsyncIterator[System]:
        """One aircraft, found on its line; LinkLost in words when it is not there.

        ConfigError for a name or a system id that is taken.
        """
        check_url(link.url)
        if len(self._roster.links) >= AIRCRAFT_MAX:
            raise ConfigError(
                f"a fleet holds {AIRCRAFT_MAX} aircraft at the most",
                text_zh=f"一个机队最多{AIRCRAFT_MAX}架飞行器",
            )
        await self._is_open.wait()
        self._roster.join(link)
        try:
            await self._take_line(link)
            try:
                with anyio.CancelScope() as scope:
                    self._aboard.append(scope)
                    yield await self._first_contact(link)
            finally:
                self._aboard.remove(scope)
                with anyio.CancelScope(shield=True):
                    await self._leave_line(link.url)
            if scope.cancelled_caught:
                raise _ended()
        finally:
            self._roster.leave(link)

    @property
    def own_id(self) -> int:
        """The system id that we send under; 0 before `run`."""
        return self._own_id

    def shown(self) -> list[Shown]:
        """Who else is on the air; they are never commanded."""
        return self._roster.shown(self._wall.monotonic_s())

    async def _take_line(self, link: AircraftLink) -> None:
        async with self._opening[link.url]:  # who shares a line waits, or opens it himself
            carrier = self._carriers.get(link.url)
            if carrier is None:
                carrier = _Carrier(make_transport(link.url, self._heard))
                await carrier.transport.open()
                if self._group is None:
                    carrier.transport.close()
                    raise _ended()
                self._group.start_soon(carrier.run)
                self._carriers[link.url] = carrier
            carrier.users += 1
        if self._greeting:  # so that a newcomer need not wait for the next heartbeat
            self._broadcast(self._greeting)

    async def _leave_line(self, url: str) -> None:
        async with self._opening[url]:
            carrier = self._carriers[url]
            carrier.users -= 1
            if not carrier.users:
                del self._carriers[url]
                carrier.transport.close()
                await carrier.has_ended.wait()  # who comes back finds the port free

    async def _first_contact(self, link: AircraftLink) -> System:
        since_s = self._wall.monotonic_s()
        while (waited_s := self._wall.monotonic_s() - since_s) < self._first_contact_s:
            if link.is_refused and waited_s > _REFUSED_S:
                break  # somebody is there, and is not it
            if link.heard_at_s is not None and link.system_id is not None:
                system = await self._system(link.system_id)
                if system is not None:
                    return system
            await self._wall.sleep(_LOOK_EVERY_S)
        reason, reason_zh = link.not_found()
        raise LinkLost(
            f"no autopilot was heard at {link.url} within {waited_s:.0f} s"
            + (f": {reason}" if reason else ""),
            text_zh=f"{waited_s:.0f}秒内未在{link.url}收到飞控信号"
            + (f"：{reason_zh}" if reason_zh else ""),
        )

    async def _system(self, system_id: int) -> System | None:
        found = self._systems.get(system_id)
        now_s = self._wall.monotonic_s()
        if (
            found is not None
            or self._mavsdk is None
            or now_s - self._looked_at_s < _LOOK_UP_EVERY_S
        ):
            return found
        self._looked_at_s = now_s
        for raw in self._mavsdk.get_systems():
            number = raw.get_system_id()
            if number not in self._systems and raw.has_autopilot():
                self._systems[number] = System(raw)
        return self._systems.get(system_id)

    def _heard(self, transport: Transport, address: Address, frames: list[Frame]) -> None:
        """Frames from the air."""
        now_s = self._wall.monotonic_s()
        for frame in frames:
            link = self._roster.owner(frame, transport.url, address, now_s)
            if link is None:
                continue
            number = frame.message_id
            link.counts[number] += 1
            if link.log is not None and number not in _NOT_LOGGED:
                link.log.add(frame.raw)
            link.on_frame(frame, now_s)
            if number not in _NOT_FOR_MAVSDK:
                self._pass_on(frame.raw)

    def _pass_on(self, raw: bytes) -> None:
        """To MAVSDK with all else that was read in this turn: each call wakes its threads."""
        if not self._for_mavsdk:
            asyncio.get_running_loop().call_soon(self._pass_all)
        self._for_mavsdk.append(raw)

    def _pass_all(self) -> None:
        data = b"".join(self._for_mavsdk)
        self._for_mavsdk.clear()
        if self._mavsdk is not None:
            self._mavsdk.pass_received_raw_bytes(data)

    def _sending(self, data: bytes) -> None:
        """What MAVSDK gives out, to whom it is for."""
        for frame in Splitter().feed(data):
            if frame.message_id == HEARTBEAT:
                self._greeting = frame.raw
            target = frame.target_system
            if target == 0:
                self._broadcast(frame.raw)
            elif (link := self._roster.link_of(target)) is not None:
                link.on_sent(frame, self._wall.monotonic_s())
                self._send(link, frame.raw)

    def _broadcast(self, raw: bytes) -> None:
        reached = set()
        for link in self._roster.links:
            carrier = self._carriers.get(link.url)
            if carrier is None:
                continue
            address = link.address or carrier.transport.everybody
            if address is None or (link.url, address) in reached:
                continue
            reached.add((link.url, address))
            self._send(link, raw)

    def _send(self, link: AircraftLink, raw: bytes) -> None:
        carrier = self._carriers.get(link.url)
        if link.log is not None:
            link.log.add(raw)
        if carrier is None:
            return
        address = link.address or carrier.transport.everybody
        if address is not None:
            carrier.transport.send(raw, address)

    def _tell(self, who: Shown) -> None:
        fields = {
            "kind": who.kind.value, "system_id": who.system_id, "line": who.url,
            "address": ":".join(str(part) for part in who.address), "vehicle": who.name,
        }  # fmt: skip
        _log.warning("heard on the link", **fields)
        self._bus.publish(
            StoryEvent(
                name=f"fleet.{who.kind}",
                time_utc=self._world.now_utc(),
                aircraft=who.name,
                fields=fields,
            )  # fmt: skip
        )


class _Carrier:
    """A line and how many aircraft use it."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport
        self.users = 0
        self.has_ended = anyio.Event()

    async def run(self) -> None:
        """Keep it up until it is closed."""
        try:
            await self.transport.run()
        finally:
            self.has_ended.set()


def _ended() -> LinkLost:
    return LinkLost("the fleet has ended", text_zh="机队连接已结束")
