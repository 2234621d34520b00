"""`gridpatrol dispatch`: which aircraft goes to a place, and its plan."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from ground_station.commands.plan import print_findings, read_home
from ground_station.fleet_file import read_fleet
from missions.dispatch import Call, Dispatch, Standing, dispatch
from missions.formats import write_json
from missions.register import load_register
from patrol.errors import ConfigError
from patrol.plan import Finding, stops


def dispatch_to(
    place: str,
    *,
    fleet: Path,
    register: Path | None = None,
    charges: Sequence[str] = (),
    out: Path | None = None,
    as_json: bool = False,
) -> int:
    """Exit code 0 with the plan of whoever goes; 1 when nobody can, with everybody's reasons."""
    point = read_home(place, "the place")
    loaded = load_register(register)
    aircraft, findings = read_fleet(fleet)
    charge_pct = _charges(charges, {one.name for one in aircraft})
    code = loaded.grid_at(point)
    made = dispatch(
        Call(
            point=point, grid=loaded.areas[code] if code else None,
            register_version=loaded.version, created_utc=datetime.now(UTC),
            is_exercise=loaded.is_synthetic,
        ),
        [
            Standing(aircraft=one, charge_pct=charge_pct.get(one.name, 100.0)) for one in aircraft
        ],
    )  # fmt: skip
    best = made.best
    if best is not None and best.plan is not None and out is not None:
        write_json(out, best.plan.to_dict())
    if as_json:
        body = {
            "best": best.aircraft if best else None,
            "options": [option.to_dict() for option in made.options],
            "plan": best.plan.to_dict() if best and best.plan else None,
            "findings": [finding.to_dict() for finding in (*findings, *made.findings)],
        }
        sys.stdout.write(json.dumps(body, ensure_ascii=False, allow_nan=False) + "\n")
    else:
        _print(made, findings, out)
    return 0 if best else 1


def _charges(texts: Sequence[str], names: set[str]) -> dict[str, float]:
    """NAME=PERCENT; ConfigError when it is not that, or no aircraft is called so."""
    found: dict[str, float] = {}
    for text in texts:
        name, _, figure = text.rpartition("=")
        try:
            percent = float(figure)
        except ValueError:
            percent = math.nan
        if not name or not 0.0 <= percent <= 100.0:
            raise ConfigError(
                f"--charge wants NAME=PERCENT (such as GP-1=80), not {text!r}",
                text_zh=f"--charge 应为 名称=百分数（如 GP-1=80），而不是{text!r}",
            )
        if name not in names:
            raise ConfigError(
                f"no aircraft of the fleet file is called {name!r}",
                text_zh=f"飞行器清单中没有{name!r}",
            )
        found[name] = percent
    return found


def _print(made: Dispatch, findings: Sequence[Finding], out: Path | None) -> None:
    console = Console(highlight=False, soft_wrap=True)
    print_findings(console, [*findings, *made.findings])
    table = Table("aircraft 飞行器", "there in 到达", "battery 电量", box=None)
    table.add_column(overflow="fold")  # Chinese has no spaces to break at: it would be cut off
    for option in made.options:
        there = f"{option.there_s:.0f} s" if math.isfinite(option.there_s) else "–"
        need = f"{option.plan.battery_need_pct:.0f} %" if option.plan else "–"
        why = "\n".join(f"{one.text}\n{one.text_zh}" for one in stops(option.findings))
        verdict = "goes 出动" if option is made.best else why or "could go 可出动"
        table.add_row(option.aircraft, there, need, verdict)
    console.print(table)
    best = made.best
    if best is None:
        console.print("nobody can go 无可用飞行器", style="bold red")
        return
    print_findings(console, list(best.findings))
    if out is not None and best.plan is not None:
        console.print(f"written: {out}   digest {best.plan.digest[:12]}", markup=False)
