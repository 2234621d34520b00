"""Words become sound in the language they are in."""

from __future__ import annotations

import io
import tempfile
import wave
from pathlib import Path

import anyio
import pytest

from drone.clips import OGG_OPUS, WAV, clip_of
from drone.opus import as_wav
from drone.recordings import Recording, Recordings
from drone.voice import Voice
from ground_station.templates import load_templates
from patrol.errors import CommandDenied
from tests.agents import a_clip
from tests.places import PLACES

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(60)]


async def test_the_first_template_is_spoken_in_mandarin_and_is_as_long_as_speech() -> None:
    text = load_templates()["T01"].zh
    clip = await Voice().speak(text)
    assert (clip.voice, clip.media_type) == ("sit/cmn", OGG_OPUS)
    assert 2.0 < clip.duration_s < 15.0
    assert len(clip.sound) < 30_000
    assert clip_of(clip.sound, clip.voice) == clip
    with wave.open(io.BytesIO(as_wav(clip).sound)) as sound:
        samples = sound.readframes(sound.getnframes())
    assert max(samples) > 0


async def test_several_voices_at_once_give_the_same_clip_and_english_is_another_voice() -> None:
    found: dict[int, str] = {}

    async def speak(number: int) -> None:
        found[number] = (await Voice().speak("请大家散开")).sha256

    async with anyio.create_task_group() as group:
        for number in range(3):
            group.start_soon(speak, number)
        english = await Voice().speak("Please leave", "en")
    assert len(set(found.values())) == 1
    assert english.voice == "gmw/en"


async def test_rare_place_names_sound_like_their_common_homophones() -> None:
    voice = Voice(media_type=WAV)
    clips = {}
    for text in ("礐石马滘", "确石马叫"):
        clips[text] = (await voice.speak(text)).sha256
    assert clips["礐石马滘"] == clips["确石马叫"]


@pytest.mark.parametrize(
    ("text", "language", "words"),
    [
        ("Guten Tag", "de", "no voice"),
        ("", "zh", "no words"),
        ("!?…", "zh", "no words"),
        ("欢迎𠮷先生", "zh", "cannot read '𠮷'"),
        ("Welcome to 濠江区", "en", "cannot read '区'"),
        ("Дом", "zh", "cannot read 'Д'"),
    ],
)
async def test_what_no_voice_can_say_is_refused(text: str, language: str, words: str) -> None:
    with pytest.raises(CommandDenied, match=words):
        await Voice().speak(text, language)


async def test_what_the_voices_own_dictionary_lacks_is_refused_by_its_character() -> None:
    with pytest.raises(CommandDenied, match="no sound for '雄'"):
        await Voice().speak("英雄路的居民请离开")


async def test_words_that_last_too_long_are_told_in_words() -> None:
    with pytest.raises(CommandDenied) as refused:
        await Voice().speak("请大家有序离开。" * 90)
    assert "longer than 180 s" in str(refused.value)
    assert "Error" not in str(refused.value)


async def test_every_place_of_the_district_is_spoken_by_the_real_voice() -> None:
    clip = await Voice().speak("，".join(PLACES))
    assert clip.duration_s > 0.3 * len(PLACES)


async def test_a_full_disk_is_told_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    with pytest.raises(CommandDenied, match="no room to speak"):
        await Voice().speak("请散开")


async def test_a_voice_that_hangs_is_given_up_and_leaves_no_process_waiting() -> None:
    with anyio.fail_after(5), pytest.raises(CommandDenied, match=r"no words within 0\.01 s"):
        await Voice(deadline_s=0.01).speak("请散开")


async def test_a_voice_that_is_kept_loaded_says_the_same_and_survives_its_childs_death() -> None:
    cold = await Voice().speak("请大家散开")
    voice = Voice()
    async with anyio.create_task_group() as group:
        group.start_soon(voice.run)
        with anyio.fail_after(20.0):
            for how in ("at once", "ready", "killed", "two"):
                while how != "at once" and voice._children._ready is None:
                    await anyio.sleep(0.01)
                if how == "killed" and voice._children._ready is not None:
                    voice._children._ready.kill()
                voice.forget()
                assert (await voice.speak("请大家散开")).sha256 == cold.sha256, how
            left = voice._children._ready
        group.cancel_scope.cancel()
    assert left is None or left.returncode is not None


async def test_words_spoken_before_are_at_hand_and_other_words_are_not() -> None:
    voice = Voice()
    first = await voice.speak("请散开")
    assert await voice.speak("请散开") is first
    assert (await voice.speak("请散开", "zh")).sha256 != (await voice.speak("请离开")).sha256


async def test_a_recording_of_these_very_words_comes_before_speech(tmp_path: Path) -> None:
    recorded = a_clip()
    voice = Voice(Recordings([Recording(tongue="teochew", text="请散开", clip=recorded)]))
    assert await voice.speak("请散开", "zh") == recorded
    assert (await voice.speak("请散开!", "zh")).voice == "sit/cmn"
