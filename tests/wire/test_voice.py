"""Words become sound in the language they are in."""

from __future__ import annotations

import io
import wave

import anyio
import pytest

from drone.voice import Voice, clip_of
from ground_station.templates import load_templates
from patrol.errors import CommandDenied

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(60)]


async def test_the_first_template_is_spoken_in_mandarin_and_is_as_long_as_speech() -> None:
    clip = await Voice().speak(load_templates()["T01"].zh)
    assert clip.voice == "sit/cmn"
    assert 2.0 < clip.duration_s < 15.0
    with wave.open(io.BytesIO(clip.wav)) as sound:
        samples = sound.readframes(sound.getnframes())
    assert max(samples) > 0
    assert clip_of(clip.wav, clip.voice) == clip


async def test_the_same_words_are_the_same_clip_and_english_is_another_voice() -> None:
    first, again = await Voice().speak("请散开"), await Voice().speak("请散开")
    english = await Voice().speak("Please leave", "en")
    assert first.sha256 == again.sha256
    assert english.voice != first.voice


async def test_several_voices_at_once_do_not_disturb_one_another() -> None:
    found: dict[int, str] = {}

    async def speak(number: int) -> None:
        found[number] = (await Voice().speak("请大家散开")).sha256

    async with anyio.create_task_group() as group:
        for number in range(4):
            group.start_soon(speak, number)
    assert len(set(found.values())) == 1


async def test_a_language_without_a_voice_is_refused() -> None:
    with pytest.raises(CommandDenied, match="no voice"):
        await Voice().speak("Guten Tag", "de")


def test_what_is_no_sound_is_no_clip() -> None:
    with pytest.raises(ValueError, match="not a WAV"):
        clip_of(b"RIFFnonsense", "x")
