"""The templates' exact words, and what a wrong template file says."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from ground_station.templates import (
    TEMPLATES_FILE,
    Need,
    SlotValue,
    load_templates,
)
from patrol.errors import ConfigError, Refused

# SHA-256 of "id|zh|en" lines of the approved wording, T01 to T12.
APPROVED_WORDS = "3af805ac4d1f1232d3c35de931c2ba2e966b8186df8cc0ddaff9447ff92f1c4b"


def test_the_words_are_those_that_were_approved() -> None:
    templates = load_templates()
    lines = "\n".join(f"{t.template_id}|{t.zh}|{t.en}" for t in templates.values())
    assert list(templates) == [f"T{number:02d}" for number in range(1, 13)]
    assert hashlib.sha256(lines.encode()).hexdigest() == APPROVED_WORDS


def test_t01_is_verbatim_from_the_report() -> None:
    template = load_templates()["T01"]
    assert template.zh == "疫情期间请不要聚集!请各位快速散开!"
    assert template.en == "During the epidemic please do not gather! Please disperse quickly!"
    assert template.needs == (Need.GATHERING_ORDER,)


def test_a_slot_is_filled_in_both_languages() -> None:
    zh, en = load_templates()["T02"].fill({"文号": SlotValue(zh="1号", en="No. 1")})
    assert "根据1号防疫通告" in zh
    assert "Under notice No. 1 please" in en


def test_a_missing_slot_is_refused_by_name() -> None:
    with pytest.raises(Refused, match="文号"):
        load_templates()["T02"].fill()


@pytest.mark.parametrize("bad", ["", "x" * 25, "{电话}", "a\nb"])
def test_a_slot_takes_no_sentence_and_no_markup(bad: str) -> None:
    with pytest.raises(Refused, match="not a value from a list"):
        load_templates()["T02"].fill({"文号": SlotValue(zh=bad, en="No. 1")})


def _changed(tmp_path: Path, key: str, value: object) -> Path:
    body = json.loads(TEMPLATES_FILE.read_text(encoding="utf-8"))
    body["templates"][1][key] = value
    path = tmp_path / "templates.json"
    path.write_text(json.dumps(body), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("id", "T01"),
        ("id", "x"),
        ("zh", " "),
        ("en", "no slot here"),
        ("category", "JOKE"),
        ("needs", ["LUCK"]),
        ("max_repeats", 3),
        ("slots", None),
    ],
)
def test_a_wrong_template_file_is_told_at_the_start(
    tmp_path: Path, key: str, value: object
) -> None:
    with pytest.raises(ConfigError):
        load_templates(_changed(tmp_path, key, value))


def test_a_missing_template_file_is_told_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_templates(tmp_path / "none.json")
