"""Films the world from one aircraft, some ten times a wall second; codes and publishes.

A process may hold as many films as it has aircraft: each has its camera, coder and stream.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import anyio
import anyio.to_thread
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from patrol.geo import LocalFrame
from sim.camera import Camera, Figure, View
from sim.clock import SimClock
from sim.encoder import AccessUnit, Encoder
from sim.ground import Ground
from sim.live import LiveStream
from sim.pose import AircraftPose
from sim.scenario import Scenario
from sim.truth import TruthBook
from sim.world import Whereabouts, World


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """Tells a test what was so at each picture of one aircraft."""

    name: str
    book: TruthBook


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shot:
    """All that one picture shows, at one moment."""

    view: View
    people: Sequence[Figure]
    truth: Sequence[Whereabouts]  # empty where nobody testifies
    pose: AircraftPose
    captured_at_s: float  # wall, monotonic
    world_s: float
    t_utc: datetime


class Film:
    """The camera at work. Pictures come at the wall's pace however fast the world runs."""

    def __init__(
        self, *, scenario: Scenario, seed: int, world: World, clock: SimClock,
        pose: Callable[[], AircraftPose], stream: LiveStream, witness: Witness | None = None,
    ) -> None:  # fmt: skip
        camera = scenario.camera
        lens, rate = camera.lens, camera.frames_per_s
        self._frame = LocalFrame(origin=scenario.home)
        self._period_s = 1.0 / rate
        self._latency_s = camera.latency_s
        self._world = world
        self._clock = clock
        self._pose = pose
        self._stream = stream
        self._witness = witness
        self._camera = Camera(
            lens, Ground(seed, scenario.weather), scenario.weather,
            noise_levels=camera.noise_levels, seed=seed,
        )  # fmt: skip
        self._encoder = Encoder(width_px=lens.width_px, height_px=lens.height_px, frames_per_s=rate)

    async def run(self) -> None:
        """Film until cancelled; a machine that is too slow gets fewer pictures, never late ones."""
        # No more wait in it than come within the latency.
        to_send, sending = anyio.create_memory_object_stream[AccessUnit](math.inf)
        async with to_send, sending, anyio.create_task_group() as tasks:
            tasks.start_soon(self._publish, sending)
            await self._shoot_all(to_send)

    async def _shoot_all(self, to_send: MemoryObjectSendStream[AccessUnit]) -> None:
        due_s = self._clock.wall_s()
        while True:
            shot = self._look()
            unit = await anyio.to_thread.run_sync(self._shoot, shot)
            if unit is not None:
                to_send.send_nowait(unit)
            now_s = self._clock.wall_s()
            due_s = max(due_s + self._period_s, now_s)
            await anyio.sleep(due_s - now_s)

    async def _publish(self, sending: MemoryObjectReceiveStream[AccessUnit]) -> None:
        """Each picture so long after its capture as the camera's link takes; in order."""
        async for unit in sending:
            due_s = unit.captured_at_s + self._latency_s
            await anyio.sleep(max(0.0, due_s - self._clock.wall_s()))
            self._stream.publish(unit)

    def _look(self) -> _Shot:
        captured_at_s, world_s = self._clock.wall_s(), self._clock.monotonic_s()
        pose = self._pose()
        truth = tuple(self._world.whereabouts_at(world_s)) if self._witness else ()
        return _Shot(
            view=view_from(pose, self._frame), people=self._world.figures_at(world_s),
            truth=truth, pose=pose,
            captured_at_s=captured_at_s, world_s=world_s, t_utc=self._clock.now_utc(),
        )  # fmt: skip

    def _shoot(self, shot: _Shot) -> AccessUnit | None:
        if self._witness is not None:
            self._witness.book.write(
                shot.truth, shot.pose, name=self._witness.name, t_utc=shot.t_utc,
                world_s=shot.world_s,
            )  # fmt: skip
        return self._encoder.encode(self._camera.render(shot.view, shot.people), shot.captured_at_s)


def view_from(pose: AircraftPose, frame: LocalFrame) -> View:
    """The camera's place and look in the world's frame."""
    place = frame.to_enu(pose.point)
    return View(
        east_m=place.east_m, north_m=place.north_m, height_agl_m=pose.height_agl_m,
        bearing_true_deg=pose.camera.bearing_true_deg, pitch_deg=pose.camera.pitch_deg,
    )  # fmt: skip
