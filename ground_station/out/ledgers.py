"""Tables for offices: 巡查日志, 台账 and coverage as CSV (UTF-8 with a byte order mark).

Every time stands in UTC and in Beijing time; a cell that a spreadsheet would run is made harmless.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime

from ground_station.casework.case import Case
from ground_station.out.book import Audience, DayBook, GridVisit, SortiePages, Visit, state_zh
from ground_station.out.book import told_count as _told_count
from ground_station.sorties import Signature
from patrol.cause import Role
from patrol.clock import SHANGHAI, utc_text
from patrol.sighting import Count

EXERCISE_LINE = "演练 EXERCISE"
NOT_COUNTED = "未计数"
_VISIT_ZH = {
    Visit.VISITED: "已巡查",
    Visit.PARTLY: "部分巡查",
    Visit.NOT_VISITED: "未巡查",
}
_PATROL_HEADERS = (
    "架次", "网格编码", "网格", "状态", "无人机", "起飞（世界时）", "起飞（北京时间）",
    "降落（世界时）", "降落（北京时间）", "航线完成率", "最大高度（米）",
    "平均风速（米/秒）", "最大风速（米/秒）", "告警数", "喊话数", "案件号",
    "异常", "操控员", "登记员", "演练", "计划摘要",
)  # fmt: skip
_CASE_HEADERS = (
    "案件号", "类别", "等级", "层级", "状态", "网格编码", "网格", "人数（估计）", "人数下限",
    "人数上限", "责任单位", "责任人", "立案（世界时）", "立案（北京时间）", "处置期限（北京时间）",
    "结案（北京时间）", "查明情况", "处置结果", "说明", "演练",
)  # fmt: skip
_COVERAGE_HEADERS = (
    "网格编码", "网格", "巡查情况", "航线完成率", "架次", "最近巡查（世界时）",
    "最近巡查（北京时间）",
)  # fmt: skip
_PUBLIC_CASE_HEADERS = ("类别", "等级", "状态", "网格", "人数（估计）", "立案（北京时间）", "演练")


# Half and full width: some spreadsheets take both. Blanks before them are skipped.
_RUN = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")


def patrol_log_csv(book: DayBook) -> bytes:
    """巡查日志: one line a sortie. It names the crew, so it is never public."""
    return csv_table(_PATROL_HEADERS, map(_patrol_line, book.sorties), is_exercise=book.is_exercise)


def case_ledger_csv(cases: Sequence[Case], audience: Audience) -> bytes:
    """台账: one line a case; the public gets no owner, no case number and no small count."""
    is_exercise = any(case.is_exercise for case in cases)
    if audience is Audience.PUBLIC:
        return csv_table(_PUBLIC_CASE_HEADERS, map(_public_case, cases), is_exercise=is_exercise)
    return csv_table(_CASE_HEADERS, map(_case_line, cases), is_exercise=is_exercise)


def coverage_csv(book: DayBook) -> bytes:
    """Every grid of the scope, those not visited first: nothing is hidden by leaving it out."""
    order = (Visit.NOT_VISITED, Visit.PARTLY, Visit.VISITED)
    visits = sorted(book.visits, key=lambda visit: (order.index(visit.visit), visit.code))
    return csv_table(_COVERAGE_HEADERS, map(_visit_line, visits), is_exercise=book.is_exercise)


def visit_zh(visit: Visit) -> str:
    """How a grid was seen, in the squad's words."""
    return _VISIT_ZH[visit]


def harmless(text: str) -> str:
    """A spreadsheet runs what begins like a formula; what a person wrote must never be one."""
    return "'" + text if text.lstrip(" \u3000")[:1] in _RUN else text


def _patrol_line(pages: SortiePages) -> list[str]:
    record = pages.record
    return [
        record.sortie_id,
        record.grid_code,
        harmless(record.grid_name),
        state_zh(record.state),
        harmless(record.vehicle_id),
        _utc(record.takeoff_utc),
        _beijing(record.takeoff_utc),
        _utc(record.landed_utc),
        _beijing(record.landed_utc),
        f"{pages.flown_share:.0%}",
        _number(pages.max_height_above_home_m),
        # As the autopilot reckoned it in the air: nobody types the weather of a flight.
        _number(record.wind.mean_m_s if record.wind else None),
        _number(record.wind.max_m_s if record.wind else None),
        str(len(pages.alerts)),
        str(len(pages.announcements)),
        " ".join(case.case_no for case in pages.cases),
        harmless("；".join(record.abnormal)),
        harmless(_signed(record.signatures, Role.PILOT)),
        harmless(_signed(record.signatures, Role.REGISTRAR)),
        _yes(record.is_exercise),
        record.plan_digest[:12],
    ]


def _case_line(case: Case) -> list[str]:
    return [
        case.case_no,
        case.kind,
        case.severity.value,
        case.tier.zh,
        case.state.zh,
        case.grid_code or "",
        harmless(case.grid_name),
        *_bounds(case.count),
        harmless(case.owner.unit),
        harmless(case.owner.person),
        _utc(case.filed_utc),
        _beijing(case.filed_utc),
        _beijing(case.due_utc),
        _beijing(case.closed_utc),
        harmless(case.found),
        harmless(case.feedback),
        harmless(case.description_zh),
        _yes(case.is_exercise),
    ]


def _public_case(case: Case) -> list[str]:
    counted = case.count.is_valid
    return [
        case.kind,
        case.severity.value,
        case.state.zh,
        harmless(case.grid_name),
        _told_count(case.count.estimate, Audience.PUBLIC) if counted else NOT_COUNTED,
        _beijing(case.filed_utc),
        _yes(case.is_exercise),
    ]


def _visit_line(visit: GridVisit) -> list[str]:
    return [
        visit.code,
        harmless(visit.name),
        _VISIT_ZH[visit.visit],
        f"{visit.flown_share:.0%}",
        " ".join(visit.sortie_ids),
        _utc(visit.last_utc),
        _beijing(visit.last_utc),
    ]


def _bounds(count: Count) -> list[str]:
    """Estimate, low, high; a count that is not valid is said so and is not zero."""
    if not count.is_valid:
        return [NOT_COUNTED, "", ""]
    return [str(round(number)) for number in (count.estimate, count.low, count.high)]


def csv_table(
    headers: Sequence[str], lines: Iterable[Sequence[str]], *, is_exercise: bool
) -> bytes:
    """UTF-8 with a byte order mark; the first line of an exercise says that it is one."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    if is_exercise:
        writer.writerow([EXERCISE_LINE])
    writer.writerow(headers)
    writer.writerows(lines)
    return text.getvalue().encode("utf-8-sig")


def _signed(signatures: Sequence[Signature], role: Role) -> str:
    return next((one.person for one in signatures if one.role is role), "")


def _utc(moment: datetime | None) -> str:
    return utc_text(moment) if moment else ""


def _beijing(moment: datetime | None) -> str:
    return moment.astimezone(SHANGHAI).isoformat(timespec="seconds") if moment else ""


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"


def _yes(flag: bool) -> str:
    return "是" if flag else "否"
