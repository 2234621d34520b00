"""`gridpatrol allocate`: who flies which grids today, and which nobody does."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from ground_station.commands.map_file import draw, require_picture
from ground_station.commands.plan import print_findings, read_ground
from ground_station.due_patrols import end_of
from ground_station.fleet_file import read_fleet
from ground_station.planning_data import airspace_of
from missions.allocation import Allocation, Flight, allocate
from missions.allocation_model import Terms
from missions.coverage_debt import LOOKED_BACK, Debt, coverage_debt, due_by
from missions.day_map import Day, clock_of_day, day_drawing
from missions.formats import write_json
from missions.grid import Grid
from missions.jobs import Job, Setting, Window, jobs_of, site_jobs
from missions.open_air import Surroundings
from missions.register import Register, load_register
from patrol.clock import SHANGHAI
from patrol.errors import ConfigError
from patrol.pattern import Pattern
from patrol.plan import Level

if TYPE_CHECKING:
    from ground_station.commands.records_at import Opened, Place

_ROW_WIDTH = 120
_DAY_FILE = "allocation.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the day is to be made of."""

    fleet: Path
    register: Path | None = None
    records: Place | None = None  # None: nothing was ever seen
    grids: Sequence[str] = ()  # codes or names, of streets and communities too; none: all
    is_due_only: bool = False  # by the end of today
    patterns: Sequence[Pattern] = (Pattern.BOUNDARY,)
    has_sites: bool = False  # of the special grids, too
    elevation: Path | None = None
    airspace: Path | None = None
    alerts: Sequence[str] = ()
    hours: Sequence[str] = ()  # GRID=HH:MM-HH:MM
    begin: str = "08:00"  # local
    terms: Terms = Terms()
    out: Path | None = None
    map_file: Path | None = None


def allocate_day(wanted: Wanted, *, as_json: bool) -> int:
    """Exit code 0 when something is flown or nothing is due; else 1, with the reasons printed."""
    if wanted.map_file is not None:
        require_picture(wanted.map_file)
    if wanted.out is not None:
        _require_fresh(wanted.out)
    register = load_register(wanted.register)
    fleet, findings = read_fleet(wanted.fleet)
    now = datetime.now(UTC)
    begin_local = _begin(wanted.begin, now)
    alerts = _alerted(wanted, register)
    grids, debts = _owed(wanted, register, now, alerts)
    jobs = jobs_of(grids, debts, alerts, _over_grids(wanted.patterns))
    if wanted.has_sites:
        codes = {grid.code for grid in grids}
        jobs += [job for job in site_jobs(register) if job.grid.code in codes]
    jobs = _with_hours(jobs, wanted.hours, register, begin_local)
    setting = Setting(
        register_version=register.version, created_utc=now, is_exercise=register.is_synthetic,
        around=Surroundings(
            elevation_amsl_m=read_ground(wanted.elevation, register),
            airspace=airspace_of(wanted.airspace),
        ),
    )  # fmt: skip
    made = allocate(fleet, jobs, setting, wanted.terms)
    day = Day(
        made=made, grids=grids, areas=list(register.areas.values()), fleet=fleet,
        begins=begin_local, findings=findings, is_exercise=register.is_synthetic,
        zones=setting.around.airspace.zones if setting.around.airspace else (),
    )  # fmt: skip
    _keep(day, wanted)
    _tell(day, register, wanted, as_json=as_json)
    return 0 if made.flights or not jobs else 1


def _require_fresh(folder: Path) -> None:
    """Plans of another day left among this one's would be flown with them."""
    if (folder / _DAY_FILE).exists():
        raise ConfigError(
            f"{folder} has the plans of a day already: name another folder with --out",
            text_zh=f"{folder}中已有一天的计划：请用 --out 指定另一个文件夹",
        )


def _keep(day: Day, wanted: Wanted) -> None:
    """The files that were asked for."""
    if wanted.out is not None:
        _write(day.made, wanted.out)
    if wanted.map_file is not None:
        draw(wanted.map_file, day_drawing(day))


def _tell(day: Day, register: Register, wanted: Wanted, *, as_json: bool) -> None:
    """As one JSON object, or in tables."""
    made, findings = day.made, day.findings
    if as_json:
        body = made.to_dict()
        body["findings"] = [finding.to_dict() for finding in findings] + body["findings"]
        body |= {"register": register.version, "begins": day.begins.isoformat()}
        sys.stdout.write(json.dumps(body, ensure_ascii=False, allow_nan=False) + "\n")
    else:
        # Into a file or a pipe the lines are as long as a row needs.
        width = None if sys.stdout.isatty() else _ROW_WIDTH
        console = Console(highlight=False, soft_wrap=True, width=width)
        print_findings(console, [*findings, *made.findings])
        _print(console, made, day.begins)
        if wanted.out is not None:
            plans = f"{len(made.flights)} plans 份计划"
            console.print(f"written 已写入: {wanted.out}   {plans}", markup=False)
        if wanted.map_file is not None:
            console.print(f"map 地图: {wanted.map_file}", markup=False)


def _alerted(wanted: Wanted, register: Register) -> set[str]:
    """The grids with an alert; ConfigError for one that is not asked for: nobody would fly it."""
    found = {grid.code for text in wanted.alerts for grid in _chosen(register, [text])}
    unasked = found - {grid.code for grid in _chosen(register, wanted.grids)}
    if unasked:
        raise ConfigError(
            f"--alert names a grid that is not asked for: {', '.join(sorted(unasked))}",
            text_zh=f"--alert 中的网格不在本次分配之内：{'、'.join(sorted(unasked))}",
        )
    return found


def _owed(
    wanted: Wanted, register: Register, now: datetime, alerts: set[str]
) -> tuple[list[Grid], list[Debt]]:
    """The grids that are asked for, and their debts, the most pressing first.

    Of those that are due only, what has an alert is one though it was seen of late.
    """
    grids = _chosen(register, wanted.grids)
    debts = coverage_debt([grid.code for grid in grids], _looks(wanted.records, now), now)
    if wanted.is_due_only:
        due = {debt.grid_code for debt in due_by(debts, end_of(now.astimezone(SHANGHAI).date()))}
        due |= alerts
        debts = [debt for debt in debts if debt.grid_code in due]
        grids = [grid for grid in grids if grid.code in due]
    return grids, debts


def _looks(records: Place | None, now: datetime) -> dict[str, datetime]:
    """When each grid was last seen whole, as the records have it."""
    if records is None:
        return {}
    # The store takes longer to load than all the rest, and few days are made from records.
    from ground_station.commands.records_at import run_on
    from ground_station.store.queries import last_looks

    found: dict[str, datetime] = {}

    async def read(opened: Opened) -> int:
        since = now - LOOKED_BACK
        found.update(
            await opened.store.read(lambda c: last_looks(c, since, is_exercise=opened.is_exercise))
        )
        return 0

    run_on(records, read)
    return found


def _chosen(register: Register, texts: Sequence[str]) -> list[Grid]:
    """Leaf grids under the areas that were named; UnknownGrid for a name that there is not."""
    if not texts:
        return list(register.grids)
    codes = tuple(register.get(text).code for text in texts)
    return [grid for grid in register.grids if grid.code.startswith(codes)]


def _over_grids(patterns: Sequence[Pattern]) -> Sequence[Pattern]:
    """ConfigError for a pattern that asks for places and not for a grid."""
    for pattern in patterns:
        if pattern not in (Pattern.BOUNDARY, Pattern.SWEEP):
            raise ConfigError(
                f"a day is made of boundary and sweep, not of {pattern.value}",
                text_zh=f"全天分配只用 boundary 和 sweep，不用{pattern.value}",
            )
    return tuple(dict.fromkeys(patterns))


def _begin(text: str, now: datetime) -> datetime:
    """Today at that local time."""
    try:
        clock = datetime.strptime(text, "%H:%M")  # noqa: DTZ007  # a time of day alone
    except ValueError as error:
        raise ConfigError(
            f"not a time of day such as 08:00: {text!r}", text_zh=f"不是时刻（如 08:00）：{text!r}"
        ) from error
    local = now.astimezone(SHANGHAI)
    return local.replace(hour=clock.hour, minute=clock.minute, second=0, microsecond=0)


def _with_hours(
    jobs: Sequence[Job], texts: Sequence[str], register: Register, begin: datetime
) -> list[Job]:
    windows: dict[str, Window] = {}
    for text in texts:
        name, _, hours = text.rpartition("=")
        first, _, last = hours.partition("-")
        if not name or not last:
            raise ConfigError(
                f"--hours wants GRID=HH:MM-HH:MM, not {text!r}",
                text_zh=f"--hours 应为 网格=HH:MM-HH:MM，而不是{text!r}",
            )
        from_s, until_s = ((_begin(part, begin) - begin).total_seconds() for part in (first, last))
        windows[register.get(name).code] = Window(from_s=from_s, until_s=until_s)
    unasked = windows.keys() - {job.grid.code for job in jobs}
    if unasked:
        raise ConfigError(
            f"--hours names a grid that is not asked for: {', '.join(sorted(unasked))}",
            text_zh=f"--hours 中的网格不在本次分配之内：{'、'.join(sorted(unasked))}",
        )
    return [replace(job, window=windows.get(job.grid.code)) for job in jobs]


def _write(made: Allocation, folder: Path) -> None:
    """Each sortie's plan as a file for `gridpatrol fly`, and the day beside them."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"cannot write to {folder}: {error.strerror}",
            text_zh=f"无法写入{folder}：{error.strerror}",
        ) from error
    for flight in made.flights:
        write_json(folder / f"{flight.aircraft}-{flight.number:03d}.json", flight.plan.to_dict())
    write_json(folder / _DAY_FILE, made.to_dict())


def _print(console: Console, made: Allocation, begin: datetime) -> None:
    for name, flights in made.rounds().items():
        sorties = "sortie" if len(flights) == 1 else "sorties"
        console.print(f"{name}: {len(flights)} {sorties} 架次", style="bold", markup=False)
        table = Table(box=None, pad_edge=False)
        for heading in ("", "from–to 起降", "grid 网格", "battery 电量", "unseen 未巡"):
            table.add_column(heading, no_wrap=True)
        for flight in flights:
            table.add_row(*_row(flight, begin))
        console.print(table)
    if made.flights:
        console.print(
            f"last landing 最晚降落 {clock_of_day(begin, made.last_landing_s)}: "
            f"{made.last_landing_s / 60:.1f} min after the beginning, no less than "
            f"{made.bound_s / 60:.1f} min (lower bound 下界); longest sortie 最长架次 "
            f"{made.longest_sortie_s / 60:.1f} min (lower bound 下界 "
            f"{made.sortie_bound_s / 60:.1f}); {100 * (made.over_bound - 1):.1f} % over",
        )
    if made.uncovered:
        console.print(f"not covered today 今日未覆盖: {len(made.uncovered)}", style="bold yellow")
    for one in made.uncovered:
        console.print(f"  {one.job.code} {one.job.title}", markup=False)
        print_findings(
            console, [reason for reason in one.reasons if reason.level is not Level.NOTE]
        )


def _row(flight: Flight, begin: datetime) -> list[str]:
    job = flight.job
    unseen = "–"
    if job.debt is not None:
        unseen_s = job.debt.unseen_s
        unseen = "never 从未" if unseen_s is None else f"{unseen_s / 3600:.0f} h"
    marks = [
        "alert 告警" if job.is_alert else "",
        job.pattern.value if job.pattern is not Pattern.BOUNDARY else "",
        f"{flight.part}/{flight.parts}" if flight.parts > 1 else "",
        f"waits 等待 {flight.wait_s / 60:.0f} min" if flight.wait_s >= 30.0 else "",
    ]
    return [
        f"{flight.number}",
        f"{clock_of_day(begin, flight.begin_s)}–{clock_of_day(begin, flight.end_s)}",
        " ".join([job.title, *filter(None, marks)]),
        f"{flight.plan.battery_need_pct:.0f} %",
        unseen,
    ]
