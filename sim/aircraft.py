"""A simulated multicopter that speaks MAVLink over UDP: the body around the autopilot.

Also alone: `python -m sim.aircraft --home LAT,LON` prints its address and flies until stopped.
"""

from __future__ import annotations

import argparse
import json
import math
import socket
import sys
import time
from datetime import UTC, datetime
from typing import Any

import anyio
import anyio.abc
from pymavlink.dialects.v20 import common as mavlink

from patrol.geo import GeoPoint
from patrol.telemetry import CameraPointing
from sim.autopilot import Autopilot
from sim.clock import SimClock
from sim.commands import Commands
from sim.fault_effects import FaultEffects
from sim.faults import Fault, Faults
from sim.link import LossyLink
from sim.mavlink_state import StateMessages
from sim.mission_protocol import MissionStore
from sim.net import HOST, local_port
from sim.parameters import Parameters
from sim.pose import AircraftPose

_TICK_S = 0.05  # wall
_FAST_EVERY, _SLOW_EVERY = 2, 16  # ticks: 10 and 1.25 times a wall second
_HEARTBEAT_S = 1.0  # wall
_TEXT_CHUNK = 50
_PEERS_MAX = 4
_PEER_SILENT_S = 30.0


class SimAircraft:
    """One aircraft. Its motion runs on world time, its link and heartbeats on wall time."""

    def __init__(
        self,
        *,
        home: GeoPoint,
        home_elevation_amsl_m: float,
        clock: SimClock,
        seed: int = 0,
        faults: set[Fault] | None = None,
        system_id: int = 1,
    ) -> None:
        self._clock = clock
        self.faults = faults if isinstance(faults, Faults) else Faults(faults or ())
        self._uplink, self._downlink = (LossyLink(self.faults, 2 * seed + way) for way in (0, 1))
        self._out = mavlink.MAVLink(None, srcSystem=system_id, srcComponent=1)
        self.autopilot = Autopilot(
            home=home,
            parameters=Parameters(),
            say=self.say,
            reached=self._reached,
            faults=self.faults,
        )
        self._missions = MissionStore(self.autopilot, home_elevation_amsl_m, self._send)
        self._state = StateMessages(
            self.autopilot, clock, home_elevation_amsl_m, self._missions, seed
        )
        self._effects = FaultEffects(self.autopilot, self.faults)
        self._commands = Commands(self.autopilot, self._state, self._send, home_elevation_amsl_m)
        self._peers: dict[tuple[str, int], float] = {}
        self._heard_station_s: float | None = None
        self._chunk_id = 0
        self._one_writer = anyio.Lock()
        self.takeoff_count = 0

    def inject(self, fault: Fault, value: float | None = None) -> None:
        """Break something; ValueError when there cannot be so much of it."""
        self.faults.inject(fault, value)

    def clear(self, fault: Fault) -> None:
        """Mend it."""
        self.faults.clear_one(fault)

    def pose(self) -> AircraftPose:
        """The truth now."""
        model = self.autopilot.model
        return AircraftPose(
            point=self.autopilot.position, height_agl_m=model.up_m,
            camera=CameraPointing(
                bearing_true_deg=model.gimbal_bearing_deg, pitch_deg=model.gimbal_pitch_deg
            ),
            time_s=self._clock.monotonic_s(), is_in_air=not model.is_on_ground,
            heading_true_deg=model.heading_deg,
        )  # fmt: skip

    async def run(
        self, *, task_status: anyio.abc.TaskStatus[int] = anyio.TASK_STATUS_IGNORED
    ) -> None:
        """Fly and talk until cancelled; says its UDP port once it is bound."""
        async with await anyio.create_udp_socket(
            family=socket.AF_INET, local_host=HOST, local_port=0
        ) as link:
            task_status.started(local_port(link))
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._listen, link)
                await self._live(link)

    async def _live(self, link: anyio.abc.UDPSocket) -> None:
        tick, world_s, beat_s, mode = 0, self._clock.monotonic_s(), 0.0, self.autopilot.mode
        stepped_s = time.monotonic()
        while True:
            now_s, now_world_s = time.monotonic(), self._clock.monotonic_s()
            self._take_due(now_s)
            if self._heard_station_s is not None:
                self.autopilot.station_silent_s = now_s - self._heard_station_s
            self.autopilot.step(now_world_s - world_s, now_s - stepped_s)
            self._effects.step(now_world_s - world_s, now_s)
            world_s, stepped_s = now_world_s, now_s
            self._missions.ask_again(now_s)
            has_changed = self.autopilot.mode is not mode
            if has_changed or now_s - beat_s >= _HEARTBEAT_S:
                self._send(self._state.heartbeat())
                beat_s, mode = now_s, self.autopilot.mode
            if tick % _FAST_EVERY == 0:
                self._send_all(self._state.fast())
            if tick % _SLOW_EVERY == 0 or has_changed:
                self._send_all(self._state.slow())
            await self._flush(link)
            tick += 1
            await anyio.sleep(max(0.0, _TICK_S - (time.monotonic() - now_s)))

    async def _listen(self, link: anyio.abc.UDPSocket) -> None:
        async for data, peer in link:
            now_s = time.monotonic()
            is_new = peer not in self._peers
            self._peers[peer] = now_s
            if is_new:
                self._forget_peers(now_s)
            self._uplink.put(data, now_s)
            self._take_due(now_s)
            await self._flush(link)

    def _take_due(self, now_s: float) -> None:
        for data in self._uplink.due(now_s):
            for message in _messages(data):
                self._take(message, now_s)

    def _forget_peers(self, now_s: float) -> None:
        for peer, heard_s in list(self._peers.items()):
            if now_s - heard_s > _PEER_SILENT_S or len(self._peers) > _PEERS_MAX:
                del self._peers[peer]
                return

    def _take(self, message: Any, now_s: float) -> None:  # noqa: ANN401  # pymavlink's messages
        kind = message.get_type()
        if kind == "HEARTBEAT":
            self._heard_station_s = now_s
        elif not self._missions.take(message, now_s):
            self._commands.take(message)

    def say(self, severity: int, text: str) -> None:
        """STATUSTEXT, in chunks of 50 characters when it is longer; PX4 ends its texts in a tab."""
        raw = (text + "\t").encode()
        if len(raw) <= _TEXT_CHUNK:
            self._send(mavlink.MAVLink_statustext_message(severity, raw))
            return
        self._chunk_id += 1
        # The last chunk has to be a short one, or nobody knows that it was the last.
        for number, start in enumerate(range(0, len(raw) + 1, _TEXT_CHUNK)):
            part = raw[start : start + _TEXT_CHUNK]
            self._send(mavlink.MAVLink_statustext_message(severity, part, self._chunk_id, number))

    def _reached(self, number: int) -> None:
        self._send(mavlink.MAVLink_mission_item_reached_message(number))
        total = self._missions.count or 65535
        self._send(mavlink.MAVLink_mission_current_message(self.autopilot.current, total))

    def _send(self, message: Any) -> None:  # noqa: ANN401
        now_s = time.monotonic()
        if (bent := self._effects.bent(message, now_s)) is not None:
            self._downlink.put(bent.pack(self._out), now_s)
            self._out.seq = (self._out.seq + 1) % 256

    def _send_all(self, messages: Any) -> None:  # noqa: ANN401  # an iterator of messages
        for message in messages:
            self._send(message)

    async def _flush(self, link: anyio.abc.UDPSocket) -> None:
        async with self._one_writer:
            for data in self._downlink.due(time.monotonic()):
                for host, port in list(self._peers):
                    await link.sendto(data, host, port)


def _messages(data: bytes) -> list[Any]:
    """The messages of one datagram. Each has a parser of its own: what is torn ends with it."""
    parser = mavlink.MAVLink(None)
    parser.robust_parsing = True
    return [m for m in parser.parse_buffer(data) or [] if m.get_type() != "BAD_DATA"]


async def _alone(home: GeoPoint, speed: float) -> None:
    clock = SimClock(datetime.now(UTC), speed)
    aircraft = SimAircraft(home=home, home_elevation_amsl_m=12.0, clock=clock)
    async with anyio.create_task_group() as tasks:
        port = await tasks.start(aircraft.run)
        ready = {"event": "ready", "mavlink_url": f"udpout://{HOST}:{port}"}
        sys.stdout.write(json.dumps(ready) + "\n")
        sys.stdout.flush()
        await anyio.to_thread.run_sync(sys.stdin.read, abandon_on_cancel=True)
        tasks.cancel_scope.cancel()


def main() -> None:
    """One aircraft until standard input ends."""
    parser = argparse.ArgumentParser(prog="python -m sim.aircraft")
    parser.add_argument("--home", default="23.2820,116.7250", help="LAT,LON")
    parser.add_argument("--speed", type=float, default=1.0)
    arguments = parser.parse_args()
    lat, lon = (float(part) for part in arguments.home.split(","))
    if math.isnan(lat) or math.isnan(lon):
        parser.error("--home wants LAT,LON")
    anyio.run(_alone, GeoPoint(lat_deg=lat, lon_deg=lon), arguments.speed)


if __name__ == "__main__":
    main()
