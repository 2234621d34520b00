"""`gridpatrol clear`: a plan held against the law: table, deadlines, and the application."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from ground_station.commands.plan import print_findings
from ground_station.options_clear import ClearOptions
from ground_station.out.application import SheetFile, sheet_file
from ground_station.papers_file import read_papers
from ground_station.planning_data import airspace_of
from ground_station.store.codec import encode
from missions.application import application_sheet
from missions.clearance import Clearance, clear
from missions.clearance_facts import ClearanceFacts
from missions.deadlines import Deadline
from missions.formats import read_plan
from missions.law import Law, Outcome, load_law
from missions.papers import Papers
from missions.permits import with_airspace
from patrol.clock import SHANGHAI, believable, parse_utc
from patrol.errors import ConfigError
from patrol.plan import Finding

# Who is on duty is known to a station alone, which asks that rule itself.
LEFT_OUT = frozenset({"crew"})
_MARKS = {
    Outcome.OK: ("ok", "green"), Outcome.NOTE: ("note", "dim"), Outcome.WARN: ("warn", "yellow"),
    Outcome.STOP: ("STOP", "bold red"), Outcome.NOT_NEEDED: ("–", "dim"),
}  # fmt: skip
_DAY_S, _HOUR_S, _MINUTE_S = 86_400, 3_600, 60


def clear_plan(options: ClearOptions) -> int:
    """Exit code 0 when nothing forbids the flight, 1 when something does; each with its article."""
    kind = _sheet_kind(options.application)
    law, facts = load_law(), _facts(options)
    cleared = clear(facts, law, left_out=LEFT_OUT)
    if options.application is not None and kind is not None:
        items = application_sheet(facts, cleared, law)
        _write(options.application, sheet_file(kind, items, cleared, law))
    if options.as_json:
        body = encode(cleared) | {"is_cleared": cleared.is_cleared}
        sys.stdout.write(json.dumps(body, ensure_ascii=False) + "\n")
    else:
        _print(cleared, law, options)
    return 0 if cleared.is_cleared else 1


def launch_findings(options: ClearOptions) -> list[Finding]:
    """What the law says of a plan whose motors are next; the crew is not asked for."""
    facts = replace(_facts(options), is_launch=True)
    return list(clear(facts, load_law(), left_out=LEFT_OUT).findings)


def _facts(options: ClearOptions) -> ClearanceFacts:
    plan, papers, now = read_plan(options.plan_file), read_papers(options.papers), datetime.now(UTC)
    return with_airspace(
        ClearanceFacts(
            plan=plan,
            aircraft_name=_aircraft(papers, options.aircraft),
            papers=papers,
            airspace=airspace_of(options.airspace),
            takeoff_utc=_time(options.at) if options.at is not None else now,
            asked_utc=now,
            pilot=_pilot(papers, options.pilot),
        )
    )


def _aircraft(papers: Papers, named: str | None) -> str:
    if named is not None:
        return named
    names = list(papers.aircraft)
    if len(names) != 1:
        told = ", ".join(names) or "none"
        raise ConfigError(
            f"say which aircraft flies (--aircraft); the papers have: {told}",
            text_zh=f"请用 --aircraft 指明飞行器；资料中有：{told}",
        )
    return names[0]


def _pilot(papers: Papers, named: str | None) -> str:
    """Empty: any of them. A name that the papers do not have is one that was mistyped."""
    if named is not None and named not in papers.pilots:
        told = ", ".join(papers.pilots) or "none"
        raise ConfigError(
            f"the papers have no pilot {named!r}; they have: {told}",
            text_zh=f"资料中没有操控员{named!r}；资料中有：{told}",
        )
    return named or ""


def _time(text: str) -> datetime:
    try:
        return believable(parse_utc(text))
    except ValueError as error:
        raise ConfigError(
            f"--at wants a time with its zone (such as 2026-11-27T09:30+08:00), not {text!r}",
            text_zh=f"--at 应为带时区的时间（如 2026-11-27T09:30+08:00），而不是{text!r}",
        ) from error


def _sheet_kind(path: Path | None) -> SheetFile | None:
    if path is None:
        return None
    try:
        return SheetFile(path.suffix.lower().lstrip("."))
    except ValueError as error:
        raise ConfigError(
            f"--application writes .pdf or .csv, not {path.name!r}",
            text_zh=f"--application 只能写 .pdf 或 .csv，而不是{path.name!r}",
        ) from error


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise ConfigError(
            f"cannot write {path}: {error.strerror}", text_zh=f"无法写入{path}：{error.strerror}"
        ) from error


def _print(cleared: Clearance, law: Law, options: ClearOptions) -> None:
    console = Console(highlight=False, soft_wrap=True)
    takeoff = cleared.takeoff_utc.astimezone(SHANGHAI)
    console.print(
        f"{cleared.plan_id} {cleared.grid_code} {cleared.aircraft}, take-off 起飞 "
        f"{takeoff:%Y-%m-%d %H:%M} (Beijing), law 法规 {law.version}",
        markup=False,
    )
    for one in cleared.answers:
        mark, style = _MARKS[one.outcome]
        console.print(f"  {mark:5} {one.question}  {one.text}", style=style, markup=False)
        told = f"        {one.question_zh}？{one.text_zh}  [{one.article}]"
        console.print(told, style="dim", markup=False)
    console.print("  crew: the station asks who is on duty  班组：由指挥站核对", markup=False)
    for due in cleared.deadlines:
        console.print(f"  {_due(due)}", style="" if due.is_needed else "dim", markup=False)
    print_findings(console, [one for one in cleared.findings if one.level.value == "stop"])
    is_clear = "cleared 可以放行" if cleared.is_cleared else "not cleared 不予放行"
    what_for = " (exercise 演练)" if cleared.is_exercise else ""
    console.print(is_clear + what_for, style="bold", markup=False)
    if options.application is not None:
        console.print(f"application 申请表: {options.application}", markup=False)


def _due(due: Deadline) -> str:
    at = due.due_utc.astimezone(SHANGHAI)
    needed = "" if due.is_needed else " (not needed here 本次不适用)"
    return f"by {at:%Y-%m-%d %H:%M} {due.text} {due.text_zh}: {_left(due.left_s)}{needed}"


def _left(seconds: float) -> str:
    """A countdown as people say it."""
    if seconds < 0.0:
        return "passed 已过"
    days, rest = divmod(int(seconds), _DAY_S)
    hours, rest = divmod(rest, _HOUR_S)
    return f"{days} d {hours} h {rest // _MINUTE_S} min left"
