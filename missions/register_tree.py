"""Who lies in whom: codes that stand twice, parents that are missing, levels, spoken names."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import shapely

from missions.borders import Border
from missions.codes import CodeForm, GridLevel
from missions.register_findings import RegisterFinding, measured
from patrol.plan import Level

_SAME_SHARE = 1e-6  # of the area: two borders that differ by less are one
# By how many levels lie below; a fifth level makes the lowest a small grid.
_BY_HEIGHT = (GridLevel.GRID, GridLevel.COMMUNITY, GridLevel.STREET, GridLevel.DISTRICT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """One area as it was drawn, with the code it has and the code it says it lies in."""

    code: str
    name: str
    border: Border
    parent: str | None = None
    is_parent_stated: bool = False
    level: GridLevel | None = None  # as stated
    is_of_a_register: bool = False  # then every property is kept
    properties: Mapping[str, Any] = field(default_factory=dict)


def without_doubles(areas: Sequence[Drawn]) -> tuple[list[Drawn], list[RegisterFinding]]:
    """Every code once: parts of one area are put together, a second border is left out."""
    findings: list[RegisterFinding] = []
    kept: dict[str, Drawn] = {}
    for area in areas:
        before = kept.get(area.code)
        if before is None:
            kept[area.code] = area
            continue
        finding, merged = _double(before, area)
        findings.append(finding)
        kept[area.code] = merged
    return list(kept.values()), findings


def _double(first: Drawn, again: Drawn) -> tuple[RegisterFinding, Drawn]:
    size = measured(again.border)
    overlap = first.border.intersection(again.border).area
    is_part = first.name == again.name and overlap <= _SAME_SHARE * again.border.area
    merged = first
    words, words_zh = "its second border is left out", "第二个边界未导入"
    if is_part:
        whole = shapely.union(first.border, again.border)
        merged = replace(first, border=shapely.orient_polygons(whole))
        words, words_zh = "its borders were put together as parts of one", "已合并为同一区域的多块"
    elif first.border.symmetric_difference(again.border).area <= _SAME_SHARE * again.border.area:
        words, words_zh = "with the same border; it counts once", "边界相同，只计一次"
    return RegisterFinding(
        code="code.twice",
        level=Level.WARN if is_part else Level.STOP,
        text=f"the code {first.code} stands twice ({first.name}, {again.name}): {words}",
        text_zh=f"编码{first.code}出现两次（{first.name}、{again.name}）：{words_zh}",
        areas=(first.code,),
        place=size.place,
        area_m2=size.area_m2,
    ), merged


def orphans(areas: Sequence[Drawn], form: CodeForm | None) -> Iterator[RegisterFinding]:
    """Areas whose parent is not there; a note when no level above is there at all."""
    have = {area.code for area in areas}
    missing: dict[str, list[Drawn]] = defaultdict(list)
    for area in areas:
        if area.parent is not None and area.parent not in have:
            missing[area.parent].append(area)
    lengths = {len(code) for code in have}
    for parent, children in missing.items():
        is_stated = any(child.is_parent_stated for child in children)
        is_level_there = form is None or len(parent) in lengths
        size = measured(children[0].border)
        codes = tuple(child.code for child in children)
        names = _some(codes)
        yield RegisterFinding(
            code="parent.missing",
            level=Level.WARN if is_stated or is_level_there else Level.NOTE,
            text=f"{names} lies in {parent}, which is not in the file",
            text_zh=f"{names}的上级{parent}不在文件中",
            areas=codes,
            place=size.place,
            area_m2=size.area_m2,
        )


def circles(areas: Sequence[Drawn]) -> tuple[list[Drawn], list[RegisterFinding]]:
    """Areas that lie in themselves by way of others lose their parent."""
    parents = {area.code: area.parent for area in areas}
    kept, findings = [], []
    for area in areas:
        seen, at = {area.code}, area.parent
        while at is not None and at not in seen:
            seen.add(at)
            at = parents.get(at)
        if at != area.code:
            kept.append(area)
            continue
        kept.append(replace(area, parent=None))
        parents[area.code] = None
        findings.append(
            RegisterFinding(
                code="parent.circle",
                level=Level.WARN,
                text=f"{area.code} lies in itself by way of {area.parent}: its parent is dropped",
                text_zh=f"{area.code}经{area.parent}又隶属于自身，已去掉其上级",
                areas=(area.code,),
                place=measured(area.border).place,
            )
        )
    return kept, findings


def levels(areas: Sequence[Drawn], form: CodeForm | None) -> dict[str, GridLevel]:
    """The level of every area: as stated, by its code's form, or by what lies below it."""
    found: dict[str, GridLevel] = {}
    heights = _heights(areas)
    shift = max(0, max(heights.values(), default=0) - len(_BY_HEIGHT) + 1)
    for area in areas:
        if area.level is not None:
            found[area.code] = area.level
        elif form is not None and form.is_territorial(area.code):
            found[area.code] = form.level_of(area.code)
        else:
            height = heights[area.code] - shift
            found[area.code] = (
                GridLevel.SUBGRID if height < 0 else _BY_HEIGHT[min(height, len(_BY_HEIGHT) - 1)]
            )
    return found


def _heights(areas: Sequence[Drawn]) -> dict[str, int]:
    """How many levels lie below each area; a parent chain has no circle any more."""
    parents = {area.code: area.parent for area in areas}
    heights = dict.fromkeys(parents, 0)
    for code in parents:
        height, at = 0, parents[code]
        while at in heights and at is not None:
            height += 1
            heights[at] = max(heights[at], height)
            at = parents[at]
    return heights


def lowest_as_grids(found: Mapping[str, GridLevel]) -> tuple[dict[str, GridLevel], bool]:
    """A file that ends above the grids: its lowest areas are what can be flown."""
    if any(level in (GridLevel.GRID, GridLevel.SUBGRID) for level in found.values()):
        return dict(found), False
    order = list(GridLevel)
    lowest = max(found.values(), key=order.index)
    return {
        code: GridLevel.GRID if level is lowest else level for code, level in found.items()
    }, True


def spoken(area: Drawn, areas: Mapping[str, Drawn], level: Mapping[str, GridLevel]) -> str:
    """街道, 社区 and the area's own name in one, as it is said on the radio."""
    names, at, seen = [area.name], area.parent, {area.code}
    while at in areas and at is not None and at not in seen:
        seen.add(at)
        if level[at] is not GridLevel.DISTRICT:
            names.append(areas[at].name)
        at = areas[at].parent
    return "".join(reversed(names))


def same_names(spoken_names: Mapping[str, str]) -> Iterator[RegisterFinding]:
    """Names that mean two areas: a grid that is asked for by name must be one."""
    for name, count in Counter(spoken_names.values()).items():
        if count > 1:
            codes = tuple(code for code, said in spoken_names.items() if said == name)
            yield RegisterFinding(
                code="name.twice",
                level=Level.WARN,
                text=f"{_some(codes)} have the same name {name}",
                text_zh=f"{_some(codes)}名称相同：{name}",
                areas=codes,
            )


def _some(codes: Sequence[str], most: int = 3) -> str:
    """The first few, and how many more."""
    more = f" +{len(codes) - most}" if len(codes) > most else ""
    return ", ".join(codes[:most]) + more
