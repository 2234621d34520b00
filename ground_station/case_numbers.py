"""Case numbers: HJ, day, source letter, street, sequence and an ISO 7064 MOD 11,10 check digit."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from datetime import date, datetime

from patrol.clock import SHANGHAI
from patrol.errors import Refused

_FORM = re.compile(r"HJ(\d{8})([UCWDX])(\d{3})(\d{5})(\d)", re.ASCII)
LAST_SEQUENCE = 99_999
_DISTRICT_LENGTH, _STREET_LENGTH = 6, 9


class CaseSource(enum.Enum):
    """Who brought the case; an exercise has a letter of its own (DOMAIN 5.4)."""

    UAV = "U"
    CITIZEN = "C"
    WORKER = "W"
    DEPARTMENT = "D"
    EXERCISE = "X"


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseNumber:
    """The parts of a case number; `day` is the date in Shanghai."""

    day: date
    source: CaseSource
    street: str  # three digits of the street; 000 outside every grid
    sequence: int  # of the day and source, from 1

    def __str__(self) -> str:
        """The number as printed."""
        digits = f"{self.day:%Y%m%d}{self.street}{self.sequence:05d}"
        head = f"HJ{self.day:%Y%m%d}{self.source.value}{self.street}{self.sequence:05d}"
        return head + check_digit(digits)


def check_digit(digits: str) -> str:
    """ISO 7064 MOD 11,10 over a string of digits (hybrid system, clause 7 of the standard)."""
    product = 10
    for digit in digits:
        total = (product + int(digit)) % 10 or 10
        product = total * 2 % 11
    return str((11 - product) % 10)


def make_case_number(
    *, at_utc: datetime, source: CaseSource, grid_code: str | None, sequence: int
) -> CaseNumber:
    """The number of a case; Refused when the day's numbers are used up."""
    if not 1 <= sequence <= LAST_SEQUENCE:
        raise Refused(
            f"no case number left for this day and source ({sequence})",
            text_zh=f"当日该来源的案件编号已用完（{sequence}）",
        )
    return CaseNumber(
        day=at_utc.astimezone(SHANGHAI).date(),
        source=source,
        street=street_of(grid_code),
        sequence=sequence,
    )


def street_of(grid_code: str | None) -> str:
    """Three digits of the street that a grid belongs to; 000 when there is none."""
    code = grid_code or ""
    street = code[_DISTRICT_LENGTH:_STREET_LENGTH]
    return street if len(street) == 3 and street.isascii() and street.isdigit() else "000"


def parse_case_number(text: str) -> CaseNumber:
    """Read a printed number; ValueError says whether form, date or check digit is wrong."""
    match = _FORM.fullmatch(text)
    if match is None:
        raise ValueError(f"not a case number: {text!r}")
    day_text, letter, street, sequence, check = match.groups()
    if check_digit(day_text + street + sequence) != check:
        raise ValueError(f"the check digit of {text} does not fit: a digit was misread")
    if int(sequence) == 0:
        raise ValueError(f"case numbers count from 1: {text}")
    day = datetime.strptime(day_text, "%Y%m%d").replace(tzinfo=SHANGHAI).date()
    return CaseNumber(day=day, source=CaseSource(letter), street=street, sequence=int(sequence))
