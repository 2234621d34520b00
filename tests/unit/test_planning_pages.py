"""The squad leader's pages name the console's labels as the console shows them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]
_WORDS = _ROOT / "ground_station" / "console" / "src" / "words"
_QUOTED = re.compile(r"“([^”]+)”")
_LITERAL = re.compile(r'"([^"\n]*)"|`([^`\n]*)`')
_ELSEWHERE = {"计划", "禁止", "stop"}  # QGroundControl's view; a level of the command line


def _labels(*files: str) -> list[re.Pattern[str]]:
    """Each string of the console; where it puts a value in, the page has a letter or two."""
    source = "".join((_WORDS / name).read_text(encoding="utf-8") for name in files)
    texts = [double or back for double, back in _LITERAL.findall(source)]
    return [
        re.compile(".+".join(re.escape(part) for part in re.split(r"\$\{.*?\}", text)))
        for text in texts
        if text
    ]


@pytest.mark.parametrize(
    ("page", "files"),
    [
        ("planning.zh.md", ("zh.ts", "planZh.ts")),
        ("planning.en.md", ("en.ts", "planEn.ts")),
    ],
)
def test_a_label_on_the_page_is_one_that_the_console_shows(
    page: str, files: tuple[str, ...]
) -> None:
    labels = _labels(*files)
    quoted = set(_QUOTED.findall((_ROOT / "docs" / page).read_text(encoding="utf-8")))
    # A button may be made of two labels, such as its step and its verb.
    parts = {
        part
        for text in quoted - _ELSEWHERE
        for part in ([text] if any(one.fullmatch(text) for one in labels) else text.split(" · "))
    }
    unknown = {part for part in parts if not any(one.fullmatch(part) for one in labels)}
    assert len(parts) > 20
    assert unknown == set()
