"""Speaks text into a WAV clip with pyttsx3 and espeak-ng, one child process an utterance.

The engine hangs in threads and silently speaks English for a Mandarin voice it does not know, so
each utterance has a process, a deadline and a check of the voice and the length.
"""

from __future__ import annotations

import argparse
import ctypes
import hashlib
import io
import os
import sys
import tempfile
import time
import wave
from dataclasses import dataclass
from pathlib import Path

import anyio

from patrol.errors import CommandDenied

_VOICES = {"zh": "sit/cmn", "en": "gmw/en"}  # espeak-ng's own names; "zh" would speak English
_DEADLINE_S = 15.0
_WRITTEN_WITHIN_S = 8.0
_SHORTEST_S_PER_CHARACTER = 0.04  # faster than any speech: something was left out
_RATE_WORDS_PER_MIN = 170


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """Spoken words as they will be played."""

    wav: bytes
    sha256: str
    duration_s: float
    voice: str


def clip_of(wav: bytes, voice: str) -> Clip:
    """A clip from WAV bytes; ValueError when they are not that."""
    try:
        with wave.open(io.BytesIO(wav)) as sound:
            duration_s = sound.getnframes() / sound.getframerate()
    except (wave.Error, EOFError, ZeroDivisionError) as error:
        raise ValueError(f"not a WAV clip: {error}") from error
    return Clip(wav=wav, sha256=hashlib.sha256(wav).hexdigest(), duration_s=duration_s, voice=voice)


class Voice:
    """The speaking machine of the station."""

    async def speak(self, text: str, language: str = "zh") -> Clip:
        """A clip of the text; CommandDenied when it was not spoken whole and in its language."""
        if language not in _VOICES:
            raise CommandDenied("speak", f"there is no voice for {language!r}")
        with tempfile.TemporaryDirectory(prefix="gridpatrol-voice-") as folder:
            out = Path(folder) / "clip.wav"
            arguments = ["--voice", _VOICES[language], "--out", str(out)]
            try:
                with anyio.fail_after(_DEADLINE_S):
                    done = await anyio.run_process(
                        [sys.executable, "-m", "drone.voice", *arguments], input=text.encode(),
                        check=False,
                    )  # fmt: skip
            except TimeoutError:
                raise CommandDenied("speak", f"no words within {_DEADLINE_S:.0f} s") from None
            if done.returncode != 0:
                words = done.stderr.decode(errors="replace").strip().splitlines()
                raise CommandDenied("speak", words[-1] if words else "the voice said nothing")
            clip = clip_of(await anyio.Path(out).read_bytes(), _VOICES[language])
        if clip.duration_s < _SHORTEST_S_PER_CHARACTER * len(text):
            raise CommandDenied("speak", f"{clip.duration_s:.1f} s is too short for the text")
        return clip


def _prepare_espeak() -> None:
    """Load the bundled library before pyttsx3 looks for one on the system."""
    import espeakng_loader

    os.environ["ESPEAK_DATA_PATH"] = espeakng_loader.get_data_path()
    ctypes.CDLL(espeakng_loader.get_library_path(), mode=ctypes.RTLD_GLOBAL)


def _speak_to_file(text: str, voice: str, out: Path) -> None:
    """Runs in the child: write the file whole, then give it its name."""
    _prepare_espeak()
    import pyttsx3

    engine = pyttsx3.init("espeak")
    known = {entry.id for entry in engine.getProperty("voices")}
    if voice not in known:
        raise SystemExit(f"the voice {voice} is not installed")
    finished: list[bool] = []
    engine.connect("finished-utterance", lambda name, completed: finished.append(completed))
    engine.setProperty("voice", voice)
    engine.setProperty("rate", _RATE_WORDS_PER_MIN)
    part = out.with_suffix(".part.wav")
    engine.save_to_file(text, str(part))
    engine.runAndWait()
    give_up_s = time.monotonic() + _WRITTEN_WITHIN_S
    # runAndWait returns before longer audio is written; only this signal says it is.
    while not finished and time.monotonic() < give_up_s:
        time.sleep(0.005)
    if not finished or not part.exists():
        raise SystemExit("the words were not finished in time")
    part.replace(out)


def main() -> None:
    """Speak standard input into a file."""
    parser = argparse.ArgumentParser(prog="python -m drone.voice")
    parser.add_argument("--voice", required=True)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    text = sys.stdin.buffer.read().decode()
    _speak_to_file(text, arguments.voice, arguments.out)


if __name__ == "__main__":
    main()
