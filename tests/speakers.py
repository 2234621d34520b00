"""A loudspeaker of plain Python, which keeps the contract that the real one keeps."""

from __future__ import annotations

import anyio

from drone.clips import Clip
from drone.speaker import Played, SpeakerHealth
from patrol.errors import CommandDenied, SpeakerUnreachable


class FakeSpeaker:
    """Plays until it is told that the clip is over, or stopped."""

    def __init__(self) -> None:
        self.is_there = True
        self.is_over = anyio.Event()
        self.started = anyio.Event()
        self.played: list[str] = []
        self._scope: anyio.CancelScope | None = None

    async def play(
        self, clip: Clip, announcement_id: str, *, volume_pct: float = 100.0, repeat: int = 1
    ) -> Played:
        self._require_there()
        if self._scope is not None:
            raise CommandDenied("play", "the loudspeaker is playing")
        self.started.set()
        with anyio.CancelScope() as self._scope:
            await self.is_over.wait()
        was_stopped, self._scope = self._scope.cancelled_caught, None
        if was_stopped:
            raise CommandDenied("play", "stopped by a person")
        self.played.append(announcement_id)
        return Played(sha256=clip.sha256, heard_count=repeat)

    async def stop(self) -> None:
        self._require_there()
        if self._scope is not None:
            self._scope.cancel()

    async def health(self) -> SpeakerHealth:
        self._require_there()
        state = "ready" if self._scope is None else "playing"
        return SpeakerHealth(state=state, spl_1m_dba=110.0, output="fake")

    def _require_there(self) -> None:
        if not self.is_there:
            raise SpeakerUnreachable("the loudspeaker does not answer")
