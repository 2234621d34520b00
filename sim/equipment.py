"""What one simulated aircraft carries: its camera with an RTSP server, and its loudspeaker."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import anyio
import anyio.abc

from patrol.clock import SystemClock
from patrol.geo import Enu, LocalFrame
from sim.clock import SimClock
from sim.ears import Ears
from sim.encoder import Encoder
from sim.fault_http import unless
from sim.fault_video import FaultyStream, serve_while_alive
from sim.faults import Fault, Faults
from sim.film import Film, Witness
from sim.http import Routes
from sim.pose import AircraftPose
from sim.rtsp import RtspServer
from sim.scenario import Scenario
from sim.truth import TruthBook
from sim.world import World

CAMERA_PATH = "/camera"
_UNWATCHED_S = 10.0  # wall; then the camera rests
_LOOK_EVERY_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """The world that all aircraft of a process share."""

    scenario: Scenario
    world: World
    clock: SimClock
    seed: int
    is_muted: bool = False
    truth: TruthBook | None = None


class Equipment:
    """Camera and loudspeaker, where the aircraft's pose says."""

    def __init__(
        self, name: str, around: Surroundings, pose: Callable[[], AircraftPose], faults: Faults
    ) -> None:
        scenario = around.scenario
        lens, rate = scenario.camera.lens, scenario.camera.frames_per_s
        self._faults = faults
        self.stream = FaultyStream(
            faults,
            lambda: Encoder(width_px=lens.width_px, height_px=lens.height_px, frames_per_s=rate),
            seed=around.seed,
        )
        self.film = Film(
            scenario=scenario, seed=around.seed, world=around.world, clock=around.clock, pose=pose,
            stream=self.stream,
            witness=Witness(name=name, book=around.truth) if around.truth else None,
        )  # fmt: skip
        frame = LocalFrame(origin=scenario.home)

        def speaker_at() -> Enu:
            at = pose()
            return frame.to_enu(at.point, up_m=at.height_agl_m)

        self._ears = Ears(
            world=around.world, clock=around.clock, speaker_at=speaker_at, is_muted=around.is_muted
        )
        self._server = RtspServer(
            stream=self.stream, path=CAMERA_PATH, frames_per_s=rate, clock=SystemClock()
        )

    def air(self, path: str) -> Routes:
        """How a clip gets into the air."""
        play = unless(
            Fault.LOUDSPEAKER_DEAD, self._faults, self._ears.play, "the loudspeaker takes no clip"
        )
        return {("POST", path): play, ("DELETE", path): self._ears.stop}

    async def serve_camera(
        self, *, task_status: anyio.abc.TaskStatus[int] = anyio.TASK_STATUS_IGNORED
    ) -> None:
        """Serve the stream until cancelled; says its port."""
        async with anyio.create_task_group() as tasks:
            port = await tasks.start(serve_while_alive, self._server, self._faults)
            task_status.started(port)

    async def film_while_watched(self) -> None:
        """Film for as long as somebody looks: ten cameras that nobody watches cost nothing."""
        while True:
            await self.stream.wait_until_wanted()
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self.film.run)
                unwatched_s = 0.0
                while unwatched_s < _UNWATCHED_S:
                    await anyio.sleep(_LOOK_EVERY_S)
                    unwatched_s = 0.0 if self.stream.is_watched else unwatched_s + _LOOK_EVERY_S
                tasks.cancel_scope.cancel()
