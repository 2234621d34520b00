"""How written words are given to the speaking machine. What is recorded stays as it was written.

Some dictionaries lack the two rare characters of the district's place names (DOMAIN 2.1) and would
spell them out; a homophone that every dictionary has says the same.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from drone.spoken_numbers import numbers_as_words

# Longest names first: they are replaced in this order.
_MANDARIN = (
    ("上头", "上投"),  # the place: both syllables have their tone
    ("礐", "确"),  # què, as in 礐石 Queshi
    ("滘", "叫"),  # jiào, as in 马滘 Majiao
    ("窖", "叫"),  # 马窖: how the statistics office prints 马滘
    # espeak-ng 1.52 has no syllable xiong and reads its letters in English.
    *((character, "西雍") for character in "兄凶兇胸胷匈汹"),
)
_ENGLISH = (
    ("礐石", "choo-eh sher"), ("Queshi", "choo-eh sher"),
    ("马滘", "mah-jow"), ("马窖", "mah-jow"), ("Majiao", "mah-jow"),
    ("濠江", "how jahng"), ("Haojiang", "how jahng"),
    ("达濠", "dah how"), ("Dahao", "dah how"),
)  # fmt: skip
_RULES = {"zh": _MANDARIN, "en": _ENGLISH}
# A word ends here without a pause. "好儿" would be looked up as one syllable that is not there.
_WORD_END = "\u200b"
_ER = re.compile("(?<=[\u3400-\u9fff])儿")
# What makes a pause; full-width marks stay, everything else is brought to its plain form.
_MARKS_ZH = "，。！？；：、（）《》〈〉「」『』【】〔〕“”‘’…—–·" + _WORD_END
_MARKS = {"zh": _MARKS_ZH + ",.!?;:'\"()[]-", "en": _MARKS_ZH + ",.!?;:'\"()[]-/%&+$€£"}
_TONE = re.compile(r"55|35|214|51|11")  # espeak's marks; each syllable has one
_LATIN = re.compile(r"[A-Za-z\u00c0-\u024f]+")


def as_spoken(text: str, language: str) -> str:
    """The text with its numbers and rare names respelt so that the voice says them right."""
    text = numbers_as_words("".join(map(_plain, text)), language)
    for written, said in _RULES[language]:
        text = text.replace(written, said)
    return _ER.sub(_WORD_END + "儿", text) if language == "zh" else text


def language_of(text: str) -> str:
    """`zh` when there is a Chinese character in it, otherwise `en`."""
    return "zh" if any(_is_chinese(character) for character in text) else "en"


def has_words(text: str) -> bool:
    """Whether there is anything in it that makes a sound."""
    return any(character.isalnum() for character in text)


def unreadable(text: str, language: str) -> str:
    """The first character that the voice would spell out or skip; empty when it can read all."""
    for character in as_spoken(text, language):
        if character in _MARKS[language] or character in " \t\n\r\u3000":
            continue
        if character.isascii() and character.isdigit():
            continue
        if character.isalpha() and unicodedata.name(character, "").startswith("LATIN"):
            continue
        # The Mandarin dictionary ends with the basic plane; beyond it codes are read aloud.
        if language == "zh" and _is_chinese(character) and ord(character) <= 0xFFFF:
            continue
        return character
    return ""


def misread(spoken: str, phonemes_of: Callable[[str], str]) -> str:
    """What of a Mandarin text the voice spells out in English or skips, asked of the voice itself.

    `phonemes_of` gives espeak's notation. Empty when every Chinese character has its syllable.
    """
    text = _LATIN.sub("，", spoken)
    if _is_said_whole(text, phonemes_of(text)):
        return ""
    for character in filter(_is_chinese, text):
        if not _is_said_whole(character, phonemes_of(character)):
            return character
    return text


def _is_said_whole(text: str, phonemes: str) -> bool:
    is_spelt_out = "(en)" in phonemes
    return not is_spelt_out and len(_TONE.findall(phonemes)) >= sum(map(_is_chinese, text))


def _plain(character: str) -> str:
    return character if character in _MARKS_ZH else unicodedata.normalize("NFKC", character)


def _is_chinese(character: str) -> bool:
    name = unicodedata.name(character, "")
    return name.startswith("CJK UNIFIED") or character == "〇"
