"""A live voice on any output: at once where the device takes it so, at its end where not."""

from __future__ import annotations

import io
import wave
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Protocol, runtime_checkable

import anyio

from drone.clips import clip_of
from drone.live_voice import LiveVoice
from drone.loudness import has_sound
from drone.opus import DECODED_HZ, OpusStream
from drone.sound_outputs import SoundOutput
from patrol.errors import SpeakerUnreachable


@runtime_checkable
class LiveOutput(Protocol):
    """A device that plays samples as they come."""

    async def play_live(
        self, samples: AsyncIterator[bytes], *, rate_hz: int, volume_pct: float
    ) -> bool:
        """Whether it played them to their end; SpeakerUnreachable when it cannot."""
        ...


async def play_live(output: SoundOutput, voice: LiveVoice, volume_pct: float) -> bool:
    """As `SoundOutput.play`; VoiceStalled when the voice breaks off.

    A file or an exercise's air takes whole clips alone: it hears the voice when it has ended.
    """
    async with aclosing(_samples(voice)) as samples:
        if isinstance(output, LiveOutput):
            return await output.play_live(samples, rate_hz=DECODED_HZ, volume_pct=volume_pct)
        sound = _wav(b"".join([piece async for piece in samples]))
    try:
        clip = clip_of(sound, "live")
    except ValueError as error:
        raise SpeakerUnreachable(str(error), text_zh=f"话音无法播放：{error}") from error
    return await output.play(clip, volume_pct)


async def _samples(voice: LiveVoice) -> AsyncGenerator[bytes, None]:
    stream, is_sound = OpusStream(), False
    async with aclosing(voice.chunks()) as chunks:
        async for packets in chunks:
            try:
                samples = await anyio.to_thread.run_sync(stream.decode, packets)
            except ValueError as error:
                raise SpeakerUnreachable(str(error), text_zh=f"话音无法播放：{error}") from error
            is_sound = is_sound or has_sound(samples)
            yield samples
    if not is_sound:
        raise SpeakerUnreachable(
            "there was nothing to hear in the voice: is the microphone off?",
            text_zh="话音中没有声音：麦克风是否关闭？",
        )


def _wav(samples: bytes) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(DECODED_HZ)
        file.writeframes(samples)
    return out.getvalue()
