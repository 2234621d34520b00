"""Grid codes (DOMAIN 5.4): what they are made of, how they are read and printed."""

from __future__ import annotations

import enum
import functools
import re
from dataclasses import dataclass

_NUMERALS = "零一二三四五六七八九"
_LONGEST_FOREIGN = 64
# Codes stand in the names of files and in addresses: nothing that separates there.
_FOREIGN = re.compile(r"[\w .()#-]+")


class GridLevel(enum.Enum):
    """Levels of the register; the value is what files carry."""

    DISTRICT = "district"
    STREET = "street"
    COMMUNITY = "community"
    GRID = "grid"
    SUBGRID = "subgrid"


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeForm:
    """How the codes of one district are made: its own digits, then so many for each level below."""

    district: str
    widths: tuple[int, ...] = (3, 3, 3, 2)  # street, community, grid, small grid

    def __post_init__(self) -> None:
        """Refuse what makes no codes (ValueError)."""
        is_number = self.district.isascii() and self.district.isdigit()
        if not is_number or not 1 <= len(self.widths) < len(GridLevel) or min(self.widths) < 1:
            raise ValueError(f"no form of codes: {self.district!r} with widths {self.widths}")

    @property
    def lengths(self) -> tuple[int, ...]:
        """Digits of a whole code, from the district down."""
        whole = [len(self.district)]
        for width in self.widths:
            whole.append(whole[-1] + width)
        return tuple(whole)

    def read(self, text: str) -> str:
        """A code without the spaces and dashes of its printed form; ValueError when it is none."""
        code = re.sub(r"[\s-]", "", text)
        if not (self.is_territorial(code) or self.is_special(code)):
            example = self.district + "001003003"
            raise ValueError(f"not a grid code: {text!r} (such as {example})")
        return code

    def is_territorial(self, code: str) -> bool:
        """Whether it has the form of an area."""
        is_number = code.isascii() and code.isdigit() and code.startswith(self.district)
        return is_number and len(code) in self.lengths

    def is_special(self, code: str) -> bool:
        """Whether it names a thematic overlay or a site of one."""
        return bool(_special(self.district).match(code))

    def level_of(self, code: str) -> GridLevel:
        """The level that a territorial code stands for; ValueError for others."""
        if not self.is_territorial(code):
            raise ValueError(f"not a territorial grid code: {code!r}")
        return list(GridLevel)[self.lengths.index(len(code))]

    def parent_of(self, code: str) -> str | None:
        """The code one level up; None for the district. ValueError for a code of another form."""
        position = self.lengths.index(len(code))
        return code[: self.lengths[position - 1]] if position else None


HAOJIANG = CodeForm(district="440512")  # DOMAIN 5.4; what a register without a form of its own has


def form_of_county(code: str) -> CodeForm:
    """The national form of the county whose code a code begins with (GB/T 2260, six digits);
    ValueError where it begins with none.
    """
    county = code[: len(HAOJIANG.district)]
    if not is_county(county):
        raise ValueError(f"not a code that begins with a county's: {code!r}")
    return CodeForm(district=county)


def is_county(code: str) -> bool:
    """Whether a code is that of a whole district, whichever it is."""
    return len(code) == len(HAOJIANG.district) and code.isascii() and code.isdigit()


def without_district(code: str) -> str:
    """The part of a code that tells it from others of its district; a foreign one is whole."""
    is_ours = is_county(code[: len(HAOJIANG.district)]) and len(code) > len(HAOJIANG.district)
    return code[len(HAOJIANG.district) :] if is_ours else code


@functools.cache
def _special(district: str) -> re.Pattern[str]:
    return re.compile(rf"^{district}T[1-4](\d{{4}})?$", re.ASCII)


def read_code(text: str) -> str:
    """A code without the spaces and dashes of its printed form; ValueError when it is none."""
    return HAOJIANG.read(text)


def read_foreign_code(value: object) -> str:
    """A code as another district's office writes it; ValueError when it cannot be one.

    Whole numbers, as tables keep them, become their digits.
    """
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise ValueError(f"not a code: {value!r}")
    if isinstance(value, float):
        if not value.is_integer():
            raise ValueError(f"not a code: {value!r}")
        value = int(value)
    code = str(value).strip()
    if len(code) > _LONGEST_FOREIGN or not code.isprintable() or not _FOREIGN.fullmatch(code):
        raise ValueError(f"not a code: {value!r} (letters, digits, spaces and .-()# make one)")
    return code


def is_special(code: str) -> bool:
    """Whether it names a thematic overlay or a site of one."""
    return HAOJIANG.is_special(code)


def level_of(code: str) -> GridLevel:
    """The level that a territorial code stands for; ValueError for others."""
    return HAOJIANG.level_of(code)


def parent_of(code: str) -> str | None:
    """The code one level up; None for the district."""
    return HAOJIANG.parent_of(code)


def codes_up(code: str) -> list[str]:
    """The code itself and those of the levels above that it lies in, nearest first."""
    lengths = reversed(HAOJIANG.lengths)
    return [code, *(code[:length] for length in lengths if length < len(code))]


def printed(code: str) -> str:
    """With spaces between the levels: 440512 001 003 003-01; another form's as it is."""
    if not (code.isascii() and code.isdigit() and len(code) in HAOJIANG.lengths):
        return code
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
