"""How the speaking machine reads names, asked of its own dictionary."""

from __future__ import annotations

import ctypes
import re
from functools import cache
from typing import Any

import espeakng_loader
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drone.pronunciation import as_spoken, has_words, language_of, misread, unreadable
from ground_station.templates import load_templates
from tests.places import PLACES


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


@pytest.mark.parametrize("place", PLACES)
def test_no_character_of_a_place_name_is_spelt_out_or_skipped(place: str) -> None:
    for text in (place, f"{place}社区", f"请{place}街道的居民注意"):
        assert unreadable(text, "zh") == ""
        assert misread(as_spoken(text, "zh"), phonemes) == ""


@pytest.mark.parametrize("text", ["请带好儿童", "一会儿", "小孩儿和女儿", "天儿", "胸口", "兄弟"])
def test_syllables_that_the_dictionary_looks_up_in_vain_are_led_around(text: str) -> None:
    assert "(en)" in phonemes(text) or "儿" in text
    assert misread(as_spoken(text, "zh"), phonemes) == ""


@pytest.mark.parametrize(("text", "culprit"), [("英雄路", "雄"), ("T01 熊", "熊"), ("贫穷", "穷")])
def test_what_the_voice_would_say_in_english_letters_is_named(text: str, culprit: str) -> None:
    assert misread(as_spoken(text, "zh"), phonemes) == culprit


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("保持3m以上", "保持3米以上"), ("１２３号", "123号"), ("5℃", "5摄氏度"),
        ("零下，-5度", "零下，负5度"), ("18:00-20:05", "18点整到20点零5分"),
        ("50%", "百分之50"), ("1/2", "2分之1"), ("2020年", "二零二零年"),
        ("濠府〔2020〕3号", "濠府〔二零二零〕3号"), ("2020-02-09", "二零二零年2月9日"),
        ("0754-87388000", "零七五四，八七三八八零零零"), ("拨打110。", "拨打幺幺零。"),
        ("110人", "110人"), ("2个人", "两个人"), ("12个人", "12个人"), ("1,000人", "1000人"),
        ("风速5 m/s", "风速5米每秒"), ("5米/秒", "5米每秒"), ("20㎡", "20平方米"),
    ],
)  # fmt: skip
def test_numbers_and_units_are_words_in_mandarin(written: str, said: str) -> None:
    assert as_spoken(written, "zh") == said
    assert unreadable(written, "zh") == ""
    assert misread(said, phonemes) == ""


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("3m apart", "3 metres apart"), ("5℃", "5 degrees Celsius"), ("at 10:30", "at 10:30"),
        ("call 110", "call 1 1 0"), ("110 people", "110 people"),
        ("0754-87388000", "0 7 5 4 , 8 7 3 8 8 0 0 0"),
    ],
)  # fmt: skip
def test_numbers_and_units_are_words_in_english(written: str, said: str) -> None:
    assert as_spoken(written, "en") == said
    assert unreadable(written, "en") == ""


@pytest.mark.parametrize(
    "mark", ["😀", "℃", "×", "~", "\x00", "\ud800", "⼀", "ひ", "𠮷", "*", "<"]
)
def test_a_sign_that_a_voice_skips_or_spells_out_is_refused(mark: str) -> None:
    for language, words in (("zh", "请离开"), ("en", "please leave")):
        if (mark, language) == ("⼀", "zh"):  # a radical, brought to its character 一
            continue
        assert unreadable(words + mark, language) != ""


@given(st.text(max_size=40), st.sampled_from(["zh", "en"]))
def test_any_text_is_respelt_or_refused_and_never_an_error(text: str, language: str) -> None:
    spoken = as_spoken(text, language)
    assert unreadable(text, language) in ("", *spoken)
    assert has_words(text) or not any(character.isalnum() for character in text)


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
        mandarin, english = (re.sub(r"[{}]", "", text) for text in (template.zh, template.en))
        assert unreadable(mandarin, "zh") == ""
        assert unreadable(english, "en") == ""
        assert misread(as_spoken(mandarin, "zh"), phonemes) == ""


def test_a_chinese_character_makes_a_text_chinese() -> None:
    assert language_of("礐石 Queshi") == "zh"
    assert language_of("Please leave, 3 m!") == "en"
