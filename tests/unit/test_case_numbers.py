"""Case numbers: form, check digit, street."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ground_station.case_numbers import (
    CaseSource,
    check_digit,
    make_case_number,
    parse_case_number,
    street_of,
)
from patrol.errors import Refused

KNOWN = "HJ20261123U001000172"


def test_the_known_number_verifies_and_is_printed_the_same() -> None:
    number = parse_case_number(KNOWN)
    assert (number.day, number.source) == (date(2026, 11, 23), CaseSource.UAV)
    assert (number.street, number.sequence) == ("001", 17)
    assert str(number) == KNOWN


def test_the_standards_own_example_has_its_check_digit() -> None:
    # ISO 7064 MOD 11,10: the string 0794 carries 5.
    assert check_digit("0794") == "5"


@given(st.integers(min_value=1, max_value=99_999), st.sampled_from(list(CaseSource)))
def test_every_number_reads_back_as_it_was_made(sequence: int, source: CaseSource) -> None:
    made = make_case_number(
        at_utc=datetime(2026, 11, 24, 1, 30, tzinfo=UTC),
        source=source,
        grid_code="440512007001002",
        sequence=sequence,
    )
    assert parse_case_number(str(made)) == made


@given(st.integers(min_value=0, max_value=16), st.integers(min_value=1, max_value=9))
def test_any_single_misread_digit_is_found(place: int, step: int) -> None:
    digits = [index for index, letter in enumerate(KNOWN) if letter.isdigit()]
    at = digits[place % len(digits)]
    wrong = KNOWN[:at] + str((int(KNOWN[at]) + step) % 10) + KNOWN[at + 1 :]
    with pytest.raises(ValueError, match=r"check digit|not a case number"):
        parse_case_number(wrong)


@pytest.mark.parametrize(
    "text", ["", "HJ20261123Q001000172", "HJ20261123U00100017", "hj20261123U001000172", KNOWN + "1"]
)
def test_other_forms_are_no_case_numbers(text: str) -> None:
    with pytest.raises(ValueError, match="not a case number"):
        parse_case_number(text)


def test_the_day_is_the_one_in_shanghai() -> None:
    late_in_utc = datetime(2026, 11, 23, 17, 0, tzinfo=UTC)
    number = make_case_number(
        at_utc=late_in_utc, source=CaseSource.EXERCISE, grid_code=None, sequence=1
    )
    assert str(number).startswith("HJ20261124X00000001")


@pytest.mark.parametrize(
    ("code", "street"),
    [("440512001003004", "001"), ("440512T1", "000"), (None, "000"), ("440512", "000")],
)
def test_the_street_comes_from_the_grid(code: str | None, street: str) -> None:
    assert street_of(code) == street


def test_a_day_without_numbers_left_is_refused() -> None:
    with pytest.raises(Refused, match="no case number left"):
        make_case_number(
            at_utc=datetime(2026, 11, 24, tzinfo=UTC),
            source=CaseSource.UAV,
            grid_code=None,
            sequence=100_000,
        )
