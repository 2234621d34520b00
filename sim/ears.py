"""The loudspeaker's sound: a clip lasts its own world time, and is heard when it has ended."""

from __future__ import annotations

import io
import wave
from collections.abc import Callable

import anyio

from patrol.clock import WorldClock
from patrol.geo import Enu
from sim.http import HttpAnswer, HttpRequest, refuse
from sim.world import World

_SPL_RANGE_DBA = (30.0, 150.0)
_LONGEST_CLIP_S = 600.0


class Ears:
    """Plays one clip at a time into the world, on whose clock second 0 is the world's start."""

    def __init__(
        self, *, world: World, clock: WorldClock, speaker_at: Callable[[], Enu], is_muted: bool
    ) -> None:
        self._world = world
        self._clock = clock
        self._speaker_at = speaker_at
        self._is_muted = is_muted
        self._playing: anyio.CancelScope | None = None

    async def play(self, request: HttpRequest) -> HttpAnswer:
        """POST: a WAV; answered when it has been played in world time or was stopped."""
        if self._playing is not None:
            return refuse(409, "a clip is being played")
        duration_s = _duration_s(request.body)
        spl_dba = _spl_1m_dba(request.headers.get("x-spl-1m-dba", ""))
        if duration_s is None:
            return refuse(415, f"the body is no WAV of up to {_LONGEST_CLIP_S:.0f} s")
        if spl_dba is None:
            return refuse(400, "X-Spl-1m-Dba is missing or no level in dBA")
        scope = self._playing = anyio.CancelScope()
        is_finished = False
        try:
            with scope:
                await self._clock.sleep(duration_s)
                is_finished = True
        finally:
            self._playing = None
        if is_finished and not self._is_muted:
            self._world.hear(
                speaker=self._speaker_at(), spl_1m_dba=spl_dba,
                finished_s=self._clock.monotonic_s(),
            )  # fmt: skip
        return HttpAnswer(body={"finished": is_finished})

    async def stop(self, request: HttpRequest) -> HttpAnswer:
        """DELETE: end the clip that is being played; nobody has understood it."""
        del request
        is_playing = self._playing is not None
        if self._playing is not None:
            self._playing.cancel()
        return HttpAnswer(body={"stopped": is_playing})


def _spl_1m_dba(text: str) -> float | None:
    try:
        level_dba = float(text)
    except ValueError:
        return None
    return level_dba if _SPL_RANGE_DBA[0] <= level_dba <= _SPL_RANGE_DBA[1] else None


def _duration_s(body: bytes) -> float | None:
    """Of the samples that are there: a header may promise more than the file holds."""
    try:
        with wave.open(io.BytesIO(body)) as clip:
            frame_bytes = clip.getsampwidth() * clip.getnchannels()
            frames = len(clip.readframes(min(clip.getnframes(), len(body)))) // frame_bytes
            is_whole = frames == clip.getnframes()
            duration_s = frames / clip.getframerate()
    except (wave.Error, EOFError, ZeroDivisionError, RuntimeError):
        return None  # RuntimeError: a chunk that is longer than its file
    return duration_s if is_whole and 0.0 < duration_s <= _LONGEST_CLIP_S else None
