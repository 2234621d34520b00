"""Films the world from the aircraft, some ten times a wall second; codes and publishes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import anyio
import anyio.to_thread

from patrol.geo import LocalFrame
from sim.camera import Camera, Figure, View
from sim.clock import SimClock
from sim.encoder import AccessUnit, Encoder
from sim.ground import Ground
from sim.live import LiveStream
from sim.pose import AircraftPose
from sim.scenario import Scenario
from sim.world import World


class Film:
    """The camera at work. Pictures come at the wall's pace however fast the world runs."""

    def __init__(
        self, *, scenario: Scenario, seed: int, world: World, clock: SimClock,
        pose: Callable[[], AircraftPose], stream: LiveStream,
    ) -> None:  # fmt: skip
        lens, rate = scenario.camera.lens, scenario.camera.frames_per_s
        self._frame = LocalFrame(origin=scenario.home)
        self._period_s = 1.0 / rate
        self._world = world
        self._clock = clock
        self._pose = pose
        self._stream = stream
        self._camera = Camera(lens, Ground(seed))
        self._encoder = Encoder(width_px=lens.width_px, height_px=lens.height_px, frames_per_s=rate)

    async def run(self) -> None:
        """Film until cancelled; a machine that is too slow gets fewer pictures, never late ones."""
        due_s = self._clock.wall_s()
        while True:
            captured_at_s = self._clock.wall_s()
            people = self._world.figures_at(self._clock.monotonic_s())
            view = view_from(self._pose(), self._frame)
            unit = await anyio.to_thread.run_sync(self._shoot, view, people, captured_at_s)
            if unit is not None:
                self._stream.publish(unit)
            now_s = self._clock.wall_s()
            due_s = max(due_s + self._period_s, now_s)
            await anyio.sleep(due_s - now_s)

    def _shoot(
        self, view: View, people: Sequence[Figure], captured_at_s: float
    ) -> AccessUnit | None:
        return self._encoder.encode(self._camera.render(view, people), captured_at_s)


def view_from(pose: AircraftPose, frame: LocalFrame) -> View:
    """The camera's place and look in the world's frame."""
    place = frame.to_enu(pose.point)
    return View(
        east_m=place.east_m, north_m=place.north_m, height_agl_m=pose.height_agl_m,
        bearing_true_deg=pose.camera.bearing_true_deg, pitch_deg=pose.camera.pitch_deg,
    )  # fmt: skip
