"""The application sheet of Art. 27 as PDF and as CSV."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from datetime import datetime

from ground_station.out.book import Language
from ground_station.out.ledgers import csv_table, harmless
from ground_station.out.report import Report, Table
from ground_station.out.report_pdf import to_pdf
from ground_station.out.wording import word
from missions.application import SheetItem
from missions.clearance import Clearance
from missions.law import Law
from patrol.clock import SHANGHAI

_HEADERS = {Language.ZH: ("序号", "内容", "填写"), Language.EN: ("No.", "Content", "Given")}
_ARTICLE = "uav.27"


class SheetFile(enum.StrEnum):
    """In which form."""

    PDF = "pdf"
    CSV = "csv"


def sheet_file(
    kind: SheetFile,
    items: Sequence[SheetItem],
    cleared: Clearance,
    law: Law,
    language: Language = Language.ZH,
) -> bytes:
    """The bytes of the file. The PDF takes about a second: call it in a thread."""
    if kind is SheetFile.CSV:
        return sheet_csv(items, cleared, language)
    return to_pdf(sheet_report(items, cleared, law, language))


def sheet_csv(items: Sequence[SheetItem], cleared: Clearance, language: Language) -> bytes:
    """One line an item, its lines under each other in one cell; UTF-8 with a byte order mark."""
    lines = [
        [str(one.number), _title(one, language), harmless("\n".join(one.lines))] for one in items
    ]
    return csv_table(_HEADERS[language], lines, is_exercise=cleared.is_exercise)


def sheet_report(
    items: Sequence[SheetItem], cleared: Clearance, law: Law, language: Language
) -> Report:
    """The same as a page."""
    rows = tuple((str(one.number), _title(one, language), "\n".join(one.lines)) for one in items)
    needed = [
        (one.text_zh if language is Language.ZH else one.text, _time(one.due_utc))
        for one in cleared.deadlines
        if one.is_needed
    ]
    article = law.articles[_ARTICLE].full
    return Report(
        title=word("application", language),
        marks=(word("exercise", language),) if cleared.is_exercise else (),
        made=_time(cleared.asked_utc),
        language=language,
        facts=(
            (word("basis", language), article),
            (word("law version", language), f"{cleared.law_version}（{cleared.law_source}）"),
            *needed,
        ),
        parts=(Table(title=article, headers=_HEADERS[language], rows=rows),),
        note=word("application note", language),
    )


def _title(item: SheetItem, language: Language) -> str:
    return item.title_zh if language is Language.ZH else f"{item.title_en} {item.title_zh}"


def _time(moment: datetime) -> str:
    return f"{moment.astimezone(SHANGHAI):%Y-%m-%d %H:%M} (UTC+8)"
