"""How the speaking machine reads names, asked of its own dictionary."""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any

import espeakng_loader
import pytest

from drone.pronunciation import as_spoken, language_of, unreadable
from ground_station.templates import load_templates


@cache
def espeak() -> Any:  # noqa: ANN401  # a foreign library has no types
    library = ctypes.CDLL(espeakng_loader.get_library_path())
    folder = str(espeakng_loader.get_data_path()).removesuffix("/espeak-ng-data")
    assert library.espeak_Initialize(1, 0, folder.encode(), 0) > 0
    library.espeak_TextToPhonemes.restype = ctypes.c_char_p
    return library


def phonemes(text: str, voice: str = "sit/cmn") -> str:
    """What the voice would say, in espeak's own notation."""
    assert espeak().espeak_SetVoiceByName(voice.encode()) == 0
    left = ctypes.c_char_p(text.encode())
    said = []
    while left.value:
        said.append(espeak().espeak_TextToPhonemes(ctypes.byref(left), 1, 0).decode())
    return " ".join(said)


@pytest.mark.parametrize(
    ("written", "homophone"),
    [
        ("礐石", "确石"),  # què shí
        ("马滘", "马叫"),  # mǎ jiào
        ("马窖", "马叫"),
        ("礐石街道和马滘街道", "确石街道和马叫街道"),
    ],
)
def test_rare_place_names_have_the_sounds_of_their_homophones(written: str, homophone: str) -> None:
    said = phonemes(as_spoken(written, "zh"))
    assert said == phonemes(homophone)
    assert "(en)" not in said  # the sign that a character was spelt out
    assert "礐" not in as_spoken(written, "zh")
    assert "滘" not in as_spoken(written, "zh")


def test_english_says_the_names_instead_of_chinese_letter() -> None:
    fallback = phonemes("礐", "gmw/en")
    assert fallback == phonemes("滘", "gmw/en")  # "Chinese letter", whatever it is
    for name in ("礐石", "Queshi", "马滘", "Majiao", "达濠", "Haojiang"):
        said = phonemes(as_spoken(f"Welcome to {name}", "en"), "gmw/en")
        assert fallback not in said
    assert phonemes(as_spoken("Majiao", "en"), "gmw/en").endswith("dZ'aU")
    assert "kw" not in phonemes(as_spoken("Queshi", "en"), "gmw/en")


def test_every_template_can_be_read_by_its_voices() -> None:
    for template in load_templates().values():
        assert unreadable(template.zh, "zh") == ""
        assert unreadable(template.en, "en") == ""


def test_a_chinese_character_makes_a_text_chinese() -> None:
    assert language_of("礐石 Queshi") == "zh"
    assert language_of("Please leave, 3 m!") == "en"
