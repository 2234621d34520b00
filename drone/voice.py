"""Speaks text into a clip: a recording, one spoken before, or one child process an utterance.

Each utterance has a deadline and a check of the voice and the length; voice_child.py says why.
"""

from __future__ import annotations

import tempfile
from collections import OrderedDict
from pathlib import Path

import anyio

from drone.clips import OGG_OPUS, WAV, Clip, clip_of
from drone.pronunciation import as_spoken, has_words, unreadable
from drone.recordings import Recordings
from drone.voice_child import MANDARIN
from drone.voice_children import VoiceChildren
from patrol.errors import CommandDenied

_TONGUE_ZH = {"zh": "普通话", "en": "英语"}
LANGUAGES = {"zh": MANDARIN, "en": "gmw/en"}
_DEADLINE_S = 15.0
_SHORTEST_S_PER_CHARACTER = 0.04
_LONGEST_S_PER_CHARACTER = 0.9  # a number takes most: 8 characters of a telephone number, 4 s
_PAUSES_S = 2.0
_WORDS_FILE = "words.txt"
_KEPT = 32  # clips of 20 to 300 kB


class Voice:
    """The speaking machine of the station: recordings first, then speech."""

    def __init__(
        self,
        recordings: Recordings | None = None,
        *,
        media_type: str = OGG_OPUS,
        deadline_s: float = _DEADLINE_S,
    ) -> None:
        self._recordings = recordings or Recordings(())
        self._file_name = "clip.wav" if media_type == WAV else "clip.ogg"
        self._deadline_s = deadline_s
        self._children = VoiceChildren()
        self._spoken: OrderedDict[tuple[str, str], Clip] = OrderedDict()

    async def run(self) -> None:
        """Keep the voice loaded until cancelled: without it, each utterance takes longer."""
        await self._children.run()

    def forget(self) -> None:
        """Speak everything anew."""
        self._spoken.clear()

    async def speak(self, text: str, language: str = "zh") -> Clip:
        """A clip of the text; CommandDenied when it was not spoken whole and in its language."""
        if language not in LANGUAGES:
            raise CommandDenied(
                "speak", f"there is no voice for {language!r}", f"没有此语言的语音：{language!r}"
            )
        if recording := self._recordings.find(text, language):
            return recording
        if kept := self._spoken.get((text, language)):
            return kept
        if not has_words(text):
            raise CommandDenied("speak", "there are no words to speak", "没有可说的文字")
        if letter := unreadable(text, language):
            raise CommandDenied(
                "speak",
                f"the {language} voice cannot read {letter!r}",
                f"{_TONGUE_ZH[language]}语音读不出{letter!r}",
            )
        spoken, voice = as_spoken(text, language), LANGUAGES[language]
        try:
            sound = await self._say(spoken, voice)
            clip = clip_of(sound, voice)
        except OSError as error:  # a full disk, no more processes
            raise CommandDenied(
                "speak",
                f"no room to speak: {error.strerror}",
                f"没有空间或进程可用：{error.strerror}",
            ) from error
        except ValueError as error:
            raise CommandDenied("speak", str(error), f"语音合成出错：{error}") from error
        if not _is_speech_long(clip.duration_s, len(spoken)):
            raise CommandDenied(
                "speak",
                f"{clip.duration_s:.1f} s is no length for the text",
                f"{clip.duration_s:.1f}秒与文字长度不符",
            )
        self._spoken[text, language] = clip
        if len(self._spoken) > _KEPT:
            self._spoken.popitem(last=False)
        return clip

    async def _say(self, spoken: str, voice: str) -> bytes:
        with tempfile.TemporaryDirectory(prefix="gridpatrol-voice-") as folder:
            out = Path(folder) / self._file_name
            # Words go by a file: a child that dies early would break a pipe while it is written.
            await anyio.Path(folder, _WORDS_FILE).write_text(spoken, encoding="utf-8")
            await self._run_child(voice, out)
            return await anyio.Path(out).read_bytes()

    async def _run_child(self, voice: str, out: Path) -> None:
        words = out.with_name(_WORDS_FILE)
        try:
            with anyio.fail_after(self._deadline_s):
                code, said = await self._children.speak(words, voice, out)
        except TimeoutError:
            raise CommandDenied(
                "speak",
                f"no words within {self._deadline_s:g} s",
                f"{self._deadline_s:g}秒内未合成语音",
            ) from None
        if code != 0:
            said_zh = said or "没有输出"
            raise CommandDenied(
                "speak", said or "the voice said nothing", f"语音合成出错：{said_zh}"
            )


def _is_speech_long(duration_s: float, characters: int) -> bool:
    """Faster than any speech: something was left out. Much slower: something was spelt out."""
    shortest_s = _SHORTEST_S_PER_CHARACTER * characters
    return shortest_s <= duration_s <= _LONGEST_S_PER_CHARACTER * characters + _PAUSES_S
