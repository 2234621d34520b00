"""The child that speaks one utterance with pyttsx3 and espeak-ng, and ends.

The engine hangs in threads and silently speaks English for a Mandarin voice it does not know, so
each utterance has a process. Loading takes far longer than speaking: a child may load beforehand
and wait on standard input for the name of its order; at the end of it, it ends.
"""

from __future__ import annotations

import ctypes
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from drone.clips import clip_of
from drone.pronunciation import misread

MANDARIN = "sit/cmn"  # espeak-ng's own name; "zh" would speak English
_WRITTEN_WITHIN_S = 8.0
_RATE_WORDS_PER_MIN = 170
_SETTLED_WITHIN_S = 3.0
_ESPEAK_RATE = 1  # espeakRATE in speak_lib.h


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
    if voice != MANDARIN:
        return

    def phonemes_of(words: str) -> str:
        rest, said = ctypes.c_char_p(words.encode()), []
        while rest.value:
            said.append(library.espeak_TextToPhonemes(ctypes.byref(rest), 1, 0).decode())
        return " ".join(said)

    library.espeak_TextToPhonemes.restype = ctypes.c_char_p
    if lacking := misread(text, phonemes_of):
        raise SystemExit(f"the Mandarin voice has no sound for {lacking!r}")


def _loaded() -> tuple[ctypes.CDLL, Any]:
    """Library and engine; what takes long and needs no words."""
    library = _prepare_espeak()
    import pyttsx3

    import drone.opus  # noqa: F401  # slow to load as well

    return library, pyttsx3.init("espeak")


def _speak_to_file(library: ctypes.CDLL, engine: Any, text: str, voice: str, out: Path) -> None:  # noqa: ANN401
    """Write the file whole, then give it its name. `.ogg` is Opus."""
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
    """Speak the one order of standard input: which words, which voice, into which file."""
    library, engine = _loaded()
    line = sys.stdin.readline()
    if not line:  # nobody needs it any more
        return
    order = json.loads(line)
    text = Path(order["words"]).read_text(encoding="utf-8")
    _speak_to_file(library, engine, text, order["voice"], Path(order["out"]))


if __name__ == "__main__":
    main()
