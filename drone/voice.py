"""Speaks text into a clip with pyttsx3 and espeak-ng, one child process an utterance.

The engine hangs in threads and silently speaks English for a Mandarin voice it does not know, so
each utterance has a process, a deadline and a check of the voice and the length.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import anyio

from drone.child_process import run_to_end
from drone.clips import OGG_OPUS, WAV, Clip, clip_of
from drone.pronunciation import as_spoken, has_words, misread, unreadable
from drone.recordings import Recordings
from patrol.errors import CommandDenied

_TONGUE_ZH = {"zh": "普通话", "en": "英语"}
LANGUAGES = {"zh": "sit/cmn", "en": "gmw/en"}  # espeak-ng's own names; "zh" would speak English
_DEADLINE_S = 15.0
_WRITTEN_WITHIN_S = 8.0
_SHORTEST_S_PER_CHARACTER = 0.04
_LONGEST_S_PER_CHARACTER = 0.9  # a number takes most: 8 characters of a telephone number, 4 s
_PAUSES_S = 2.0
_RATE_WORDS_PER_MIN = 170
_SETTLED_WITHIN_S = 3.0
_ESPEAK_RATE = 1  # espeakRATE in speak_lib.h
_WORDS_FILE = "words.txt"


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

    async def speak(self, text: str, language: str = "zh") -> Clip:
        """A clip of the text; CommandDenied when it was not spoken whole and in its language."""
        if language not in LANGUAGES:
            raise CommandDenied(
                "speak", f"there is no voice for {language!r}", f"没有此语言的语音：{language!r}"
            )
        if recording := self._recordings.find(text, language):
            return recording
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
        return clip

    async def _say(self, spoken: str, voice: str) -> bytes:
        with tempfile.TemporaryDirectory(prefix="gridpatrol-voice-") as folder:
            out = Path(folder) / self._file_name
            # Words go by a file: a child that dies early would break a pipe while it is written.
            await anyio.Path(folder, _WORDS_FILE).write_text(spoken, encoding="utf-8")
            await self._run_child(voice, out)
            return await anyio.Path(out).read_bytes()

    async def _run_child(self, voice: str, out: Path) -> None:
        command = [sys.executable, "-m", "drone.voice", "--voice", voice, "--out", str(out)]
        try:
            with anyio.fail_after(self._deadline_s):
                code, words = await run_to_end(command)
        except TimeoutError:
            raise CommandDenied(
                "speak",
                f"no words within {self._deadline_s:g} s",
                f"{self._deadline_s:g}秒内未合成语音",
            ) from None
        if code != 0:
            said, said_zh = words or "the voice said nothing", words or "没有输出"
            raise CommandDenied("speak", said, f"语音合成出错：{said_zh}")


def _is_speech_long(duration_s: float, characters: int) -> bool:
    """Faster than any speech: something was left out. Much slower: something was spelt out."""
    shortest_s = _SHORTEST_S_PER_CHARACTER * characters
    return shortest_s <= duration_s <= _LONGEST_S_PER_CHARACTER * characters + _PAUSES_S


def _prepare_espeak() -> ctypes.CDLL:
    """Load the bundled library before pyttsx3 looks for one on the system."""
    import espeakng_loader

    os.environ["ESPEAK_DATA_PATH"] = espeakng_loader.get_data_path()
    return ctypes.CDLL(espeakng_loader.get_library_path(), mode=ctypes.RTLD_GLOBAL)


def _settle(library: Any, voice: str) -> None:  # noqa: ANN401  # a foreign library has no types
    """Set voice and rate until they are read back.

    espeak takes settings in a thread of its own: one time in 300, under load, the driver's first
    rate was set after ours.
    """
    from pyttsx3.drivers.espeak import EspeakDriver

    give_up_s = time.monotonic() + _SETTLED_WITHIN_S
    while True:
        library.espeak_Synchronize()  # what was asked before is done
        is_rate_set = library.espeak_GetParameter(_ESPEAK_RATE, 1) == _RATE_WORDS_PER_MIN
        if is_rate_set and EspeakDriver.getProperty("voice") == voice:
            return
        if time.monotonic() > give_up_s:
            raise SystemExit("the voice did not take its settings")
        EspeakDriver.setProperty("voice", voice)
        EspeakDriver.setProperty("rate", _RATE_WORDS_PER_MIN)


def _require_all_said(library: Any, text: str, voice: str) -> None:  # noqa: ANN401  # as above
    """The dictionary has gaps that no list knows: those words would come in English letters."""
    if voice != LANGUAGES["zh"]:
        return

    def phonemes_of(words: str) -> str:
        rest, said = ctypes.c_char_p(words.encode()), []
        while rest.value:
            said.append(library.espeak_TextToPhonemes(ctypes.byref(rest), 1, 0).decode())
        return " ".join(said)

    library.espeak_TextToPhonemes.restype = ctypes.c_char_p
    if lacking := misread(text, phonemes_of):
        raise SystemExit(f"the Mandarin voice has no sound for {lacking!r}")


def _speak_to_file(text: str, voice: str, out: Path) -> None:
    """Runs in the child: write the file whole, then give it its name. `.ogg` is Opus."""
    library = _prepare_espeak()
    import pyttsx3

    engine = pyttsx3.init("espeak")
    known = {entry.id for entry in engine.getProperty("voices")}
    if voice not in known:
        raise SystemExit(f"the voice {voice} is not installed")
    finished: list[bool] = []
    engine.connect("finished-utterance", lambda name, completed: finished.append(completed))
    _settle(library, voice)
    _require_all_said(library, text, voice)
    part = out.with_suffix(".part.wav")
    engine.save_to_file(text, str(part))
    engine.runAndWait()
    give_up_s = time.monotonic() + _WRITTEN_WITHIN_S
    # runAndWait returns before longer audio is written; only this signal says it is.
    while not finished and time.monotonic() < give_up_s:
        time.sleep(0.005)
    if not finished or not part.exists():
        raise SystemExit("the words were not finished in time")
    if out.suffix == ".ogg":
        from drone.opus import as_opus

        try:
            part.write_bytes(as_opus(clip_of(part.read_bytes(), voice)).sound)
        except ValueError as error:
            raise SystemExit(str(error)) from error
    part.replace(out)


def main() -> None:
    """Speak the words that lie beside the file into it."""
    parser = argparse.ArgumentParser(prog="python -m drone.voice")
    parser.add_argument("--voice", required=True)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    text = (arguments.out.parent / _WORDS_FILE).read_text(encoding="utf-8")
    _speak_to_file(text, arguments.voice, arguments.out)


if __name__ == "__main__":
    main()
