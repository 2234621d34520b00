"""Puts a register's file together: head, version, areas and sites. Writes nothing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from shapely.geometry import mapping

from missions.codes import HAOJIANG, CodeForm, GridLevel
from missions.import_fields import common_form, compacted, tidied
from missions.import_sites import SitesRead
from missions.register import Register
from missions.register_facts import FACT_KEYS, facts_of, flags_of, form_of, words_of
from missions.register_file import FOREIGN
from missions.register_findings import RegisterFinding, measured
from missions.register_tree import (
    Drawn,
    circles,
    levels,
    lowest_as_grids,
    orphans,
    spoken,
)
from patrol.plan import Level

_KEPT_OF_THE_FILE = ("name", "note", "is_synthetic", "valid_from", "valid_to")
_OF_AN_AREA = ("aliases", "name_spoken", *FACT_KEYS)
_OF_THE_TREE = ("code", "parent_code", "level", "name_zh")


def assembled(
    areas: Sequence[Drawn], sites: SitesRead, stated: Mapping[str, Any], version: str | None
) -> tuple[dict[str, Any], list[RegisterFinding]]:
    """The register's body and what is wrong in its tree.

    `stated` is what the file and the person say of the whole; without a version it gets one of the
    day and the content, so that two contents never bear the same.
    """
    form = _form([area.code for area in areas], stated)
    if form is not None:
        areas = [_compact(area, form) for area in areas]
    findings = list(orphans(areas, form))
    tree, said = circles(areas)
    findings += said
    level, is_shifted = lowest_as_grids(levels(tree, form))
    if is_shifted:
        findings.append(_lowest_taken())
    features, said = _features(tree, level, form)
    findings += said
    body = _head(stated, form) | {"features": features}
    located, said = sites.located(Register(body, Path(str(stated.get("source_file")))))
    features += located
    body["version"] = version or _version(body, str(body["valid_from"]))
    return body, [*findings, *said]


def text_of(body: Mapping[str, Any]) -> str:
    """The file's text, one feature a line so that a change can be read."""
    head = {key: said for key, said in body.items() if key != "features"}
    first = json.dumps(head, ensure_ascii=False, indent=1).rstrip("}\n ")
    lines = ",\n".join(
        json.dumps(feature, ensure_ascii=False, separators=(",", ":"))
        for feature in body["features"]
    )
    return f'{first},\n "features": [\n{lines}\n]}}\n'


def _form(codes: Sequence[str], stated: Mapping[str, Any]) -> CodeForm | None:
    """The form that the file states, if its codes have it; else the national one, if they do."""
    if stated.get("codes") == FOREIGN:
        return None
    try:
        form = form_of(stated)
    except ValueError:  # a member of that name that means something else
        form = None
    if form is not None and all(form.is_territorial(compacted(code)) for code in codes):
        return form
    return common_form(codes)


def _compact(area: Drawn, form: CodeForm) -> Drawn:
    """The code without the spaces of its print, and the parent that it names itself."""
    code = compacted(area.code)
    parent = compacted(area.parent) if area.parent else form.parent_of(code)
    return replace(area, code=code, parent=parent)


def _lowest_taken() -> RegisterFinding:
    return RegisterFinding(
        code="level.lowest_as_grids",
        level=Level.NOTE,
        text="the file has no grids: its lowest areas are taken as grids, so that they can be "
        "planned",
        text_zh="文件中没有网格一级：最低一级区域按网格处理，以便规划航线",
    )


def _features(
    areas: Sequence[Drawn], level: Mapping[str, GridLevel], form: CodeForm | None
) -> tuple[list[dict[str, Any]], list[RegisterFinding]]:
    by_code = {area.code: area for area in areas}
    order = list(GridLevel)
    features: list[dict[str, Any]] = []
    findings: list[RegisterFinding] = []
    for area in sorted(areas, key=lambda a: (order.index(level[a.code]), a.code)):
        own, said = _own(area)
        findings += said
        properties: dict[str, Any] = {
            "code": area.code,
            "level": level[area.code].value,
            "name_zh": area.name,
            "name_spoken": spoken(area, by_code, level),
            **own,
        }
        if not _tells_its_place(area, level[area.code], form):
            properties["parent_code"] = area.parent
        features.append(
            {"type": "Feature", "properties": properties, "geometry": mapping(area.border)}
        )
    return features, findings


def _tells_its_place(area: Drawn, level: GridLevel, form: CodeForm | None) -> bool:
    """Whether the code alone says level and parent."""
    if form is None or form.level_of(area.code) is not level:
        return False
    return area.parent == form.parent_of(area.code)


def _own(area: Drawn) -> tuple[dict[str, Any], list[RegisterFinding]]:
    """What the file says of the area beside tree and border; a register's own file says it all."""
    said = tidied(area.properties)
    own = {
        key: value
        for key, value in said.items()
        if key not in _OF_THE_TREE and (area.is_of_a_register or key in _OF_AN_AREA)
    }
    try:
        facts_of(own)
        flags_of(own)
        words_of(own, "aliases")
    except (ValueError, TypeError) as error:
        kept = {key: value for key, value in own.items() if key not in _OF_AN_AREA}
        return kept, [
            RegisterFinding(
                code="area.facts",
                level=Level.WARN,
                text=f"what the file says of {area.code} is not taken over: {error}",
                text_zh=f"{area.code}的属性未导入：{error}",
                areas=(area.code,),
                place=measured(area.border).place,
            )
        ]
    return own, []


def _head(stated: Mapping[str, Any], form: CodeForm | None) -> dict[str, Any]:
    """What the register says of itself, before its version."""
    head: dict[str, Any] = {
        "type": "FeatureCollection",
        "datum": "WGS-84",
        "source_datum": stated["source_datum"],
        "source_file": stated["source_file"],
    }
    head |= {key: stated[key] for key in _KEPT_OF_THE_FILE if stated.get(key) is not None}
    head["is_synthetic"] = bool(stated.get("is_synthetic", False))
    head.setdefault("valid_from", stated["today"])
    if form is None:
        return head | {"codes": FOREIGN}
    widths = {} if form.widths == HAOJIANG.widths else {"code_widths": list(form.widths)}
    return head | {"district": form.district} | widths


def _version(body: Mapping[str, Any], day: str) -> str:
    content = json.dumps(body, ensure_ascii=True, sort_keys=True, default=str)
    return f"{day}-{hashlib.sha256(content.encode('ascii')).hexdigest()[:8]}"
