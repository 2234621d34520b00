"""Grid codes are read, printed and spoken without losing a level."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from missions.codes import (
    CodeForm,
    GridLevel,
    form_of_county,
    is_special,
    level_of,
    parent_of,
    printed,
    read_code,
    read_foreign_code,
    spoken_number,
    without_district,
)

digits = st.text(string.digits, min_size=0, max_size=11)
territorial = st.sampled_from([0, 3, 6, 9, 11]).flatmap(
    lambda length: st.text(string.digits, min_size=length, max_size=length).map("440512".__add__)
)
LEVELS = {
    "440512": GridLevel.DISTRICT,
    "440512001": GridLevel.STREET,
    "440512001003": GridLevel.COMMUNITY,
    "440512001003003": GridLevel.GRID,
    "44051200100300301": GridLevel.SUBGRID,
}


@given(territorial)
def test_a_printed_code_is_read_back_as_the_same_code(code: str) -> None:
    assert read_code(printed(code)) == code
    assert read_code(f"  {printed(code)}\n") == code


def test_a_sub_grid_is_printed_with_spaces_between_levels_and_a_dash_before_it() -> None:
    assert printed("44051200100300301") == "440512 001 003 003-01"
    assert printed("440512001") == "440512 001"


@pytest.mark.parametrize(("code", "level"), LEVELS.items())
def test_the_length_of_a_code_is_its_level(code: str, level: GridLevel) -> None:
    assert level_of(code) is level


@given(territorial)
def test_the_way_up_ends_at_the_district_and_every_step_is_a_prefix(code: str) -> None:
    at, steps = code, 0
    while (above := parent_of(at)) is not None:
        assert at.startswith(above)
        assert list(GridLevel).index(level_of(above)) == list(GridLevel).index(level_of(at)) - 1
        at, steps = above, steps + 1
    assert at == "440512"
    assert steps < len(GridLevel)


@given(digits)
def test_a_code_of_a_wrong_length_is_refused_by_name(tail: str) -> None:
    code = "440512" + tail
    if len(tail) in (0, 3, 6, 9, 11):
        assert read_code(code) == code
    else:
        with pytest.raises(ValueError, match=code):
            read_code(code)


@given(st.text(max_size=24))
def test_whatever_is_typed_is_a_code_of_the_district_or_refused(text: str) -> None:
    try:
        code = read_code(text)
    except ValueError:
        return
    assert code.startswith("440512")
    assert is_special(code) or level_of(code)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "440511001",
        "达濠街道",
        "440512T5",
        "440512T1001",
        "440512T100011",
        "44051200A",
        "440512\x00",
    ],
)
def test_a_code_of_elsewhere_or_of_no_form_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a grid code"):
        read_code(text)


@pytest.mark.parametrize("code", ["440512T1", "440512T40012"])
def test_a_special_grid_has_a_code_but_no_territorial_level(code: str) -> None:
    assert read_code(code) == code
    assert is_special(code)
    with pytest.raises(ValueError, match="territorial"):
        level_of(code)


@pytest.mark.parametrize("code", LEVELS)
def test_a_territorial_code_is_not_special(code: str) -> None:
    assert not is_special(code)


@pytest.mark.parametrize(
    ("number", "words"),
    [(1, "一"), (9, "九"), (10, "十"), (11, "十一"), (20, "二十"), (23, "二十三"), (99, "九十九")],
)
def test_a_number_is_spoken_as_people_say_it(number: int, words: str) -> None:
    assert spoken_number(number) == words


def test_every_spoken_number_is_another_word() -> None:
    assert len({spoken_number(number) for number in range(1, 100)}) == 99


@pytest.mark.parametrize("number", [-1, 0, 100, 1000])
def test_a_number_that_no_grid_has_is_not_spoken(number: int) -> None:
    with pytest.raises(ValueError, match="no spoken form"):
        spoken_number(number)


def test_digits_of_other_scripts_make_no_code() -> None:
    with pytest.raises(ValueError, match="not a grid code"):
        read_code("440512００１")


@pytest.mark.parametrize(
    ("district", "widths"), [("", (3,)), ("44x", (3,)), ("44", ()), ("4", (0,))]
)
def test_a_form_that_makes_no_codes_is_none(district: str, widths: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="no form of codes"):
        CodeForm(district=district, widths=widths)


forms = st.builds(
    CodeForm,
    district=st.text("123456789", min_size=2, max_size=9),
    widths=st.lists(st.integers(1, 4), min_size=1, max_size=4).map(tuple),
)


@given(forms, st.data())
def test_a_code_of_any_form_leads_up_to_its_district_and_no_other(
    form: CodeForm, data: st.DataObject
) -> None:
    depth = data.draw(st.integers(0, len(form.widths)))
    code = form.district + "7" * sum(form.widths[:depth])
    assert form.read(f" {code[:3]}-{code[3:]} ") == code
    assert form.level_of(code) is list(GridLevel)[depth]
    up = [code]
    while (above := form.parent_of(up[-1])) is not None:
        up.append(above)
    assert up[-1] == form.district
    assert len(up) == depth + 1


@pytest.mark.parametrize(
    ("value", "code"), [("JC-7", "JC-7"), (" 学校-1 ", "学校-1"), (440512, "440512"), (7.0, "7")]
)
def test_a_code_without_a_form_is_taken_as_it_is_written(value: object, code: str) -> None:
    assert read_foreign_code(value) == code
    assert printed(code) == code


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "  ",
        True,
        7.5,
        [],
        {},
        "a\nb",
        "../x",
        "a/b",
        "a\\b",
        "x" * 65,
        float("nan"),
        float("inf"),
    ],
)
def test_what_cannot_be_a_code_is_none(value: object) -> None:
    with pytest.raises(ValueError, match="not a code"):
        read_foreign_code(value)


def test_a_code_is_told_from_others_of_its_district_and_a_foreign_one_is_whole() -> None:
    assert without_district("440512001003003") == "001003003"
    assert without_district("440507001") == "001"
    assert [without_district(code) for code in ("440512", "BU0363", "A-1")] == [
        "440512", "BU0363", "A-1",
    ]  # fmt: skip
    assert form_of_county("440507001").district == "440507"
    for text in ("", "4405", "BU0363", "44051X001"):
        with pytest.raises(ValueError, match="county"):
            form_of_county(text)
