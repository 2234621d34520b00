"""A report as PDF, set by typst with a Chinese font that comes with the installation."""

from __future__ import annotations

import json
from importlib.resources import as_file, files
from typing import Any

import typst

from ground_station.out.book import Language
from ground_station.out.report import Figure, Report, Table
from ground_station.out.wording import word

_FONTS = "pylopdf_fonts_zh_cn"  # Noto Sans SC under the SIL Open Font License


def to_pdf(report: Report) -> bytes:
    """The report's bytes. Slow (about a second): call it in a thread."""
    sheet = files("ground_station.out") / "report.typ"
    with as_file(files(_FONTS)) as fonts, as_file(sheet) as source:
        made: bytes = typst.compile(
            source,
            sys_inputs={"report": json.dumps(_body(report), ensure_ascii=False)},
            font_paths=[fonts],
            ignore_system_fonts=True,  # the same page on every machine
        )
    return made


def _body(report: Report) -> dict[str, Any]:
    return {
        "title": report.title,
        "marks": list(report.marks),
        "made": report.made,
        "lang": "zh" if report.language is Language.ZH else "en",
        "facts_title": word("facts", report.language),
        "facts": [list(fact) for fact in report.facts],
        "parts": [_part(part) for part in report.parts],
        "note": report.note,
    }


def _part(part: Table | Figure) -> dict[str, Any]:
    if isinstance(part, Figure):
        return {"kind": "figure", "title": part.title, "svg": part.svg}
    return {
        "kind": "table",
        "title": part.title,
        "headers": list(part.headers),
        "rows": [list(row) for row in part.rows],
    }
