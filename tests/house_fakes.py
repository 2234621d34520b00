"""What stands around a station's desks in tests: loudspeaker, voice, pictures, no findings."""

from __future__ import annotations

import hashlib

from drone.clips import WAV, Clip
from drone.speaker import Played, SpeakerHealth
from drone.voice import Voice
from patrol.errors import SpeakerUnreachable
from patrol.plan import Finding


class FakeSpeaker:
    """Plays at once; it cannot be reached for anything else."""

    def __init__(self) -> None:
        self.played: list[str] = []

    async def play(
        self, clip: Clip, announcement_id: str, *, volume_pct: float = 100.0, repeat: int = 1
    ) -> Played:
        self.played.append(announcement_id)
        return Played(sha256=clip.sha256, heard_count=repeat)

    async def stop(self) -> None:
        raise SpeakerUnreachable("the loudspeaker does not answer")

    async def health(self) -> SpeakerHealth:
        raise SpeakerUnreachable("the loudspeaker does not answer")


class SilentVoice(Voice):
    """Gives a clip without speaking it."""

    duration_s = 4.0

    async def speak(self, text: str, language: str = "zh") -> Clip:
        sound = text.encode()
        return Clip(
            sound=sound, media_type=WAV, sha256=hashlib.sha256(sound).hexdigest(),
            duration_s=self.duration_s, voice=language,
        )  # fmt: skip


async def no_findings(*asked: object) -> list[Finding]:
    return []


def nothing(*plan: object) -> None:
    return None


class FakePictures:
    """The newest picture as a test has it."""

    jpeg: bytes | None = None

    async def newest(self) -> bytes | None:
        return self.jpeg
