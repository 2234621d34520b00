"""Checks a register as a whole: names, borders, sites and dates."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from missions.register import Register
from missions.register_findings import RegisterFinding
from missions.register_topology import topology_findings
from missions.register_tree import same_names
from patrol.plan import Level


def findings_of(register: Register, today: date) -> list[RegisterFinding]:
    """Everything that is wrong with a register that can be loaded."""
    names = {code: area.name_spoken for code, area in register.areas.items()}
    return [
        *same_names(names),
        *topology_findings(register.areas, register.grids),
        *_sites(register),
        *_dates(register, today),
    ]


def _sites(register: Register) -> Iterator[RegisterFinding]:
    """Sites of special grids that the register does not have."""
    have = {overlay.code for overlay in register.overlays}
    for code in sorted({site.overlay for site in register.sites} - have):
        sites = [site for site in register.sites if site.overlay == code]
        yield RegisterFinding(
            code="site.no_overlay",
            level=Level.WARN,
            text=f"{len(sites)} sites, such as {sites[0].code} {sites[0].name_zh}, are of the "
            f"special grid {code}, which is not in the file",
            text_zh=f"{sites[0].code}{sites[0].name_zh}等{len(sites)}个点位所属特殊网格{code}不在文件中",
            areas=tuple(site.code for site in sites),
            place=sites[0].point,
        )


def _dates(register: Register, today: date) -> Iterator[RegisterFinding]:
    first, last = register.valid_from, register.valid_to
    if first is not None and last is not None and last < first:
        yield _dated(
            "date.reversed",
            f"the register ends on {last}, before it begins on {first}",
            f"名册的失效日期{last}早于生效日期{first}",
        )
    elif not register.is_in_force(today):
        yield _dated(
            "date.not_in_force",
            f"the register {register.version} is not in force on {today}: it holds from "
            f"{first or '-'} to {last or '-'}",
            f"名册（版本{register.version}）在{today}不在有效期内：{first or '-'}至{last or '-'}",
        )
    for area in register.areas.values():
        begins, ends = area.facts.valid_from, area.facts.valid_to
        if begins is not None and ends is not None and ends < begins:
            yield _dated(
                "date.reversed",
                f"{area.code} ends on {ends}, before it begins on {begins}",
                f"{area.code}的失效日期{ends}早于生效日期{begins}",
                (area.code,),
            )


def _dated(code: str, text: str, text_zh: str, areas: tuple[str, ...] = ()) -> RegisterFinding:
    return RegisterFinding(code=code, level=Level.WARN, text=text, text_zh=text_zh, areas=areas)
