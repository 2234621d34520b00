"""A simulated multicopter that speaks MAVLink over UDP: the body around the autopilot."""

from __future__ import annotations

import math
import socket
import time
from collections.abc import Iterable
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
from sim.flight_log import FlightLog
from sim.flight_model import FlightModel
from sim.hearers import Hearers
from sim.link import LossyLink
from sim.log_protocol import LogProtocol
from sim.mavlink_state import StateMessages
from sim.mission_protocol import MissionStore
from sim.net import HOST, local_port
from sim.orders import Orders
from sim.parameter_protocol import ParameterProtocol
from sim.parameters import Parameters
from sim.pose import AircraftPose
from sim.sticks import Sticks
from sim.streams import TICK_S, Streams
from sim.terrain import Terrain
from sim.wind import Wind

_AT_A_CHANGE = (1, 147, 242, 245, 42)  # health, battery, home, landed, mission: when the mode does
_HEARTBEAT_S = 1.0  # world, as PX4's, which comes so much more often when it is sped up
_HEARTBEAT_S_MIN = 0.25  # wall
_TEXT_CHUNK = 50
_GROUND_STATION = 6  # MAV_TYPE
_STICKS_OVER_MAVLINK = (1, 2, 3)  # COM_RC_IN_MODE
_MISSION_COMPONENTS = (0, 1, 190)  # any, the autopilot, MAV_COMP_ID_MISSIONPLANNER


class SimAircraft:
    """One aircraft. Its motion runs on world time, its link and heartbeats on wall time."""

    def __init__(
        self,
        *,
        home: GeoPoint,
        home_elevation_amsl_m: float,
        clock: SimClock,
        seed: int = 0,
        system_id: int = 1,
        wind: Wind | None = None,
        faults: Iterable[Fault] = (),
    ) -> None:
        self._clock = clock
        self.system_id = system_id
        self.faults = faults if isinstance(faults, Faults) else Faults(faults)
        self._uplink, self._downlink = (LossyLink(self.faults, 2 * seed + way) for way in (0, 1))
        self._out = mavlink.MAVLink(None, srcSystem=system_id, srcComponent=1)
        self.autopilot = Autopilot(
            home=home,
            parameters=Parameters(),
            say=self.say,
            reached=self._reached,
            faults=self.faults,
            model=FlightModel(wind=wind or Wind()),
        )
        self._hearers = Hearers(None)
        self._effects = FaultEffects(self.autopilot, self.faults)
        self._speak_protocols(home_elevation_amsl_m, seed)
        self._heard_station_s: float | None = None
        self._sticks_until_s = math.inf  # wall
        self._chunk_id = 0
        self._one_writer = anyio.Lock()

    def _speak_protocols(self, home_amsl_m: float, seed: int) -> None:
        pilot, clock = self.autopilot, self._clock
        self._missions = MissionStore(pilot, home_amsl_m, self._send)
        self._state = StateMessages(pilot, clock, home_amsl_m, self._missions, seed)
        self._streams = Streams()
        self._commands = Commands(
            pilot, self._state, self._send, Orders(pilot, home_amsl_m), self._streams,
            self._missions.set_current, self.system_id,
        )  # fmt: skip
        self._parameters = ParameterProtocol(pilot.parameters, self._send)
        self.log = FlightLog(craft=pilot, clock=clock, home_amsl_m=home_amsl_m)
        self._logs = LogProtocol(self.log, self._send)

    @property
    def takeoff_count(self) -> int:
        """How often it has left the ground."""
        return self.autopilot.takeoff_count

    def tell_unasked(self, address: tuple[str, int]) -> None:
        """Whom it tells everything from the start, as PX4 does; others once they have spoken."""
        self._hearers = Hearers(address)

    def inject(self, fault: Fault, value: float | None = None) -> None:
        """Break something; ValueError when there cannot be so much of it."""
        self.faults.inject(fault, value)

    def clear(self, fault: Fault) -> None:
        """Mend it."""
        self.faults.clear_one(fault)

    def stand_on(self, terrain: Terrain) -> None:
        """Put it on other ground; what flies stays where it is, what stood stands on it."""
        model = self.autopilot.model
        stood = model.is_on_ground
        model.terrain = terrain
        model.up_m = model.ground_up_m if stood else max(model.up_m, model.ground_up_m)

    def pose(self) -> AircraftPose:
        """The truth now."""
        model = self.autopilot.model
        return AircraftPose(
            point=self.autopilot.position, height_agl_m=model.height_agl_m,
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
        world_s, beat_s, mode = self._clock.monotonic_s(), 0.0, self.autopilot.mode
        stepped_s = time.monotonic()
        while True:
            now_s, now_world_s = time.monotonic(), self._clock.monotonic_s()
            self._take_due(now_s)
            if self._heard_station_s is not None:
                self.autopilot.station_silent_s = now_s - self._heard_station_s
            self._state.gnss.step(now_world_s - world_s)
            self._forget_sticks(now_s)
            self.log.step()  # before, for what is said at once; after, for what has ended
            self.autopilot.step(now_world_s - world_s, now_s - stepped_s)
            self._effects.step(now_world_s - world_s, now_s)
            if self._effects.has_restarted():
                self._streams = self._commands.streams = Streams()
                self._missions.forget_upload()
            self.log.step()
            world_s, stepped_s = now_world_s, now_s
            self._missions.ask_again(now_s)
            has_changed = self.autopilot.mode is not mode
            if has_changed or now_s - beat_s >= self._heartbeat_s:
                self._send(self._state.heartbeat())
                beat_s, mode = now_s, self.autopilot.mode
            self._send_state(self._streams.due(now_s))
            if has_changed:
                self._send_state(_AT_A_CHANGE)
            self._logs.step()
            await self._flush(link)
            await anyio.sleep(max(0.0, TICK_S - (time.monotonic() - now_s)))

    @property
    def _heartbeat_s(self) -> float:
        """Wall seconds between two; a slow world's come every second too, or it counts as lost."""
        return min(_HEARTBEAT_S, max(_HEARTBEAT_S_MIN, _HEARTBEAT_S / self._clock.speed))

    async def _listen(self, link: anyio.abc.UDPSocket) -> None:
        async for data, peer in link:
            now_s = time.monotonic()
            self._hearers.hear(peer, now_s)
            self._uplink.put(data, now_s)
            self._take_due(now_s)
            await self._flush(link)

    def _take_due(self, now_s: float) -> None:
        for data in self._uplink.due(now_s):
            if self._effects.is_off(now_s):
                continue  # it restarts: nobody listens
            for message in _messages(data):
                self._take(message, now_s)

    def _take(self, message: Any, now_s: float) -> None:  # noqa: ANN401  # pymavlink's messages
        kind = message.get_type()
        if kind == "HEARTBEAT":
            if message.type == _GROUND_STATION:
                self._heard_station_s = now_s
        elif not self._is_meant(message, kind):
            return
        elif kind == "MANUAL_CONTROL":
            self._take_sticks(message, now_s)
        elif not (
            self._missions.take(message, now_s)
            or self._parameters.take(message)
            or self._logs.take(message)
        ):
            self._commands.take(message)

    def _is_meant(self, message: Any, kind: str) -> bool:  # noqa: ANN401
        """On a shared address everybody hears everything. PX4's missions are for nobody at large.

        Whom a command names is looked at where it is carried out.
        """
        target = getattr(message, "target_system", 0)
        if kind.startswith("MISSION_"):
            component = getattr(message, "target_component", 0)
            return target == self.system_id and component in _MISSION_COMPONENTS
        return target in (0, self.system_id)

    def sticks(
        self, *, roll: float = 0.0, pitch: float = 0.0, throttle: float = 0.0, yaw: float = 0.0
    ) -> None:
        """Move the pilot's sticks, each from -1 to 1, and keep them there."""
        self._sticks_until_s = math.inf
        self.autopilot.sticks = Sticks(roll=roll, pitch=pitch, throttle=throttle, yaw=yaw)

    def switch_off_sticks(self) -> None:
        """The pilot's transmitter falls silent."""
        self.autopilot.sticks = None

    def _take_sticks(self, message: Any, now_s: float) -> None:  # noqa: ANN401
        is_allowed = self.autopilot.parameters.whole("COM_RC_IN_MODE") in _STICKS_OVER_MAVLINK
        if message.target != self.system_id or not is_allowed:
            return
        self._sticks_until_s = now_s + self.autopilot.parameters["COM_RC_LOSS_T"]
        self.autopilot.sticks = Sticks(
            roll=message.y / 1000.0, pitch=message.x / 1000.0,
            throttle=message.z / 500.0 - 1.0, yaw=message.r / 1000.0,
        )  # fmt: skip

    def _forget_sticks(self, now_s: float) -> None:
        if now_s > self._sticks_until_s:
            self.autopilot.sticks = None

    def say(self, severity: int, text: str) -> None:
        """STATUSTEXT, in chunks of 50 characters when it is longer; PX4 ends its texts in a tab."""
        self.log.text(severity, text)
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

    def _send_state(self, numbers: Iterable[int]) -> None:
        for number in numbers:
            if (message := self._state.make(number)) is not None:
                self._send(message)

    async def _flush(self, link: anyio.abc.UDPSocket) -> None:
        async with self._one_writer:
            for data in self._downlink.due(time.monotonic()):
                for host, port in self._hearers.all():
                    await link.sendto(data, host, port)


def _messages(data: bytes) -> list[Any]:
    """The messages of one datagram. Each has a parser of its own: what is torn ends with it."""
    parser = mavlink.MAVLink(None)
    parser.robust_parsing = True
    return [m for m in parser.parse_buffer(data) or [] if m.get_type() != "BAD_DATA"]
