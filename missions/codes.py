"""Grid codes (DOMAIN 5.4): what they are made of, how they are read and printed."""

from __future__ import annotations

import enum
import re

_CODE = re.compile(r"^440512(\d{3}(\d{3}(\d{3}(\d{2})?)?)?)?$", re.ASCII)
_SPECIAL = re.compile(r"^440512T[1-4](\d{4})?$", re.ASCII)
_NUMERALS = "零一二三四五六七八九"


class GridLevel(enum.Enum):
    """Levels of the register; the value is what files carry."""

    DISTRICT = "district"
    STREET = "street"
    COMMUNITY = "community"
    GRID = "grid"
    SUBGRID = "subgrid"


_LEVEL_BY_LENGTH = {
    6: GridLevel.DISTRICT,
    9: GridLevel.STREET,
    12: GridLevel.COMMUNITY,
    15: GridLevel.GRID,
    17: GridLevel.SUBGRID,
}


def read_code(text: str) -> str:
    """A code without the spaces and dashes of its printed form; ValueError when it is none."""
    code = re.sub(r"[\s-]", "", text)
    if not (_CODE.match(code) or _SPECIAL.match(code)):
        raise ValueError(f"not a grid code: {text!r} (such as 440512001003003)")
    return code


def is_special(code: str) -> bool:
    """Whether it names a thematic overlay or a site of one."""
    return bool(_SPECIAL.match(code))


def level_of(code: str) -> GridLevel:
    """The level that a territorial code stands for; ValueError for others."""
    if not _CODE.match(code):
        raise ValueError(f"not a territorial grid code: {code!r}")
    return _LEVEL_BY_LENGTH[len(code)]


def parent_of(code: str) -> str | None:
    """The code one level up; None for the district."""
    lengths = sorted(_LEVEL_BY_LENGTH)
    position = lengths.index(len(code))
    return code[: lengths[position - 1]] if position else None


def codes_up(code: str) -> list[str]:
    """The code itself and those of the levels above that it lies in, nearest first."""
    lengths = sorted(_LEVEL_BY_LENGTH, reverse=True)
    return [code, *(code[:length] for length in lengths if length < len(code))]


def printed(code: str) -> str:
    """With spaces between the levels: 440512 001 003 003-01."""
    parts = [code[:6], code[6:9], code[9:12], code[12:15]]
    text = " ".join(part for part in parts if part)
    return f"{text}-{code[15:17]}" if len(code) == 17 else text


def spoken_number(number: int) -> str:
    """第N in Chinese numerals, 1 to 99."""
    tens, ones = divmod(number, 10)
    if not 1 <= number <= 99:
        raise ValueError(f"no spoken form for {number}")
    text = (_NUMERALS[tens] if tens > 1 else "") + ("十" if tens else "")
    return text + (_NUMERALS[ones] if ones or not tens else "")
