"""How written words are given to the speaking machine. What is recorded stays as it was written.

Some dictionaries lack the two rare characters of the district's place names (DOMAIN 2.1) and would
spell them out; a homophone that every dictionary has says the same.
"""

from __future__ import annotations

import unicodedata

# Longest names first: they are replaced in this order.
_MANDARIN = (
    ("礐", "确"),  # què, as in 礐石 Queshi
    ("滘", "叫"),  # jiào, as in 马滘 Majiao
    ("窖", "叫"),  # 马窖: how the statistics office prints 马滘
)
_ENGLISH = (
    ("礐石", "choo-eh sher"), ("Queshi", "choo-eh sher"),
    ("马滘", "mah-jow"), ("马窖", "mah-jow"), ("Majiao", "mah-jow"),
    ("濠江", "how jahng"), ("Haojiang", "how jahng"),
    ("达濠", "dah how"), ("Dahao", "dah how"),
)  # fmt: skip
_RULES = {"zh": _MANDARIN, "en": _ENGLISH}


def as_spoken(text: str, language: str) -> str:
    """The text with its rare names respelt so that the voice says them right."""
    for written, said in _RULES[language]:
        text = text.replace(written, said)
    return text


def language_of(text: str) -> str:
    """`zh` when there is a Chinese character in it, otherwise `en`."""
    return "zh" if any(_is_chinese(character) for character in text) else "en"


def has_words(text: str) -> bool:
    """Whether there is anything in it that makes a sound."""
    return any(character.isalnum() for character in text)


def unreadable(text: str, language: str) -> str:
    """The first letter that the voice would spell out or skip; empty when it can read all."""
    for character in as_spoken(text, language):
        if not character.isalpha() or unicodedata.name(character, "").startswith("LATIN"):
            continue
        # The Mandarin dictionary ends with the basic plane; beyond it codes are read aloud.
        if language == "zh" and _is_chinese(character) and ord(character) <= 0xFFFF:
            continue
        return character
    return ""


def _is_chinese(character: str) -> bool:
    return unicodedata.name(character, "").startswith("CJK ")
