"""Whether borders fit: overlaps, gaps, slivers, and areas that reach out of the one above them.

Works in degrees, where neighbours share their corners exactly, and measures every piece on the
ground. What is narrower than five centimetres is how corners are rounded, and is not told.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import shapely
from shapely.geometry import Polygon

from missions.codes import GridLevel
from missions.grid import Grid
from missions.polygons import left_of, polygons_in, shared, together
from missions.register_findings import (
    Measured,
    RegisterFinding,
    flattened,
    measured,
    unflattened,
)
from patrol.plan import Level

ROUNDED_M = 0.05  # mean width under which a piece is rounding: five steps of the seventh decimal
SLIVER_M = 5.0  # mean width under which a piece is a slip of the pen, not ground
_SMALLEST_M2 = 0.5
_OPEN_GAP_M = 4.0  # a gap that opens to the outside is looked for up to this width
_TOUCHING_M = 1e-3
_PIECES_MAX = 20  # of one kind between the same areas: the largest are told one by one


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """A kind of misfit between areas, in words."""

    code: str  # overlap, gap or outside
    areas: tuple[str, ...]
    text: str
    text_zh: str


def topology_findings(areas: Mapping[str, Grid], leaves: Sequence[Grid]) -> list[RegisterFinding]:
    """Everything that keeps a place from lying in exactly one grid."""
    leaf_codes = {leaf.code for leaf in leaves}
    by_level: dict[GridLevel, list[Grid]] = defaultdict(list)
    for area in areas.values():
        if area.code not in leaf_codes:
            by_level[area.level].append(area)
    findings = [*_slivers(areas.values()), *_overlaps(leaves)]
    for level in by_level.values():
        findings += _overlaps(level)
    return [*findings, *_gaps(areas, leaves), *_outside(areas)]


def _slivers(areas: Iterable[Grid]) -> Iterator[RegisterFinding]:
    for area in areas:
        size = measured(area.shape)
        if size.width_m < SLIVER_M:
            yield RegisterFinding(
                code="area.sliver",
                level=Level.WARN,
                text=f"{area.code} is a sliver, {size.width_m:.2f} m wide on average",
                text_zh=f"{area.code}为狭长碎片，平均宽{size.width_m:.2f}米",
                areas=(area.code,),
                place=size.place,
                area_m2=size.area_m2,
            )


def _overlaps(areas: Sequence[Grid]) -> Iterator[RegisterFinding]:
    """Pairs of one level that share ground."""
    shapes = [area.shape for area in areas]
    tree = shapely.STRtree(shapes)
    for left, right in tree.query(shapes, predicate="intersects").T.tolist():
        if left >= right:
            continue
        a, b = areas[left], areas[right]
        is_same = bool(shapely.equals(a.shape, b.shape))
        trouble = Trouble(
            code="same_border" if is_same else "overlap",
            areas=(a.code, b.code),
            text=f"{a.code} and {b.code} " + ("have the same border" if is_same else "overlap"),
            text_zh=f"{a.code}与{b.code}" + ("边界相同" if is_same else "重叠"),
        )
        yield from _pieces(shared(a.shape, b.shape), trouble)


def _gaps(areas: Mapping[str, Grid], leaves: Sequence[Grid]) -> Iterator[RegisterFinding]:
    """Ground of an area that none of those below has, and ground that grids enclose."""
    told: list[Polygon] = []
    for pieces, trouble in _gap_pieces(areas, leaves):
        new = [piece for piece in pieces if not _is_told(piece, told)]
        told += new
        yield from _pieces(new, trouble)


def _gap_pieces(
    areas: Mapping[str, Grid], leaves: Sequence[Grid]
) -> Iterator[tuple[list[Polygon], Trouble]]:
    for code, children in _below(areas).items():
        count = len(children)
        trouble = Trouble(
            code="gap",
            areas=(code,),
            text=f"a gap in {code}: none of its {count} areas has it",
            text_zh=f"{code}内有空缺：其下{count}个区域均未覆盖",
        )
        yield left_of(areas[code].shape, together([child.shape for child in children])), trouble
    land = together([leaf.shape for leaf in leaves])
    tree = shapely.STRtree([leaf.shape for leaf in leaves])
    holes = [Polygon(ring) for part in polygons_in(land) for ring in part.interiors]
    for gap in [*holes, *_open_strips(polygons_in(land))]:
        codes = tuple(sorted(leaves[i].code for i in tree.query(gap, predicate="intersects")))
        is_coast = len(codes) < 2 and gap not in holes  # a bay of one area's own border
        if not is_coast:
            yield (
                [gap],
                Trouble(
                    code="gap",
                    areas=codes,
                    text=f"a gap between {_some(codes)}: no grid has it",
                    text_zh=f"{_some(codes)}之间有空缺，不属于任何网格",
                ),
            )


def _open_strips(land: Sequence[Polygon]) -> list[Polygon]:
    """Strips of up to four metres between neighbours that open to the outside."""
    if not land:
        return []
    origin = measured(max(land, key=lambda part: part.area)).place
    flat = flattened(together(land), origin)
    wide = flat.buffer(_OPEN_GAP_M / 2, join_style="mitre")
    strips = left_of(wide.buffer(-_OPEN_GAP_M / 2, join_style="mitre"), flat)
    # A little wider than found, so that they touch what lies on either side.
    kept = [strip.buffer(_TOUCHING_M) for strip in strips if _is_told_of(strip)]
    return [unflattened(strip, origin) for strip in kept]


def _is_told_of(strip: Polygon) -> bool:
    width_m = 2.0 * strip.area / strip.length if strip.length else 0.0
    return bool(strip.area >= _SMALLEST_M2 and width_m >= ROUNDED_M)


def _is_told(piece: Polygon, told: Sequence[Polygon]) -> bool:
    return any(
        sum(part.area for part in shared(piece, other)) > piece.area / 2.0
        for other in told
        if piece.intersects(other)
    )


def _outside(areas: Mapping[str, Grid]) -> Iterator[RegisterFinding]:
    """Areas that cross the edge of the one in which they lie."""
    for code, children in _below(areas).items():
        for child in children:
            trouble = Trouble(
                code="outside",
                areas=(child.code, code),
                text=f"{child.code} reaches out of {code}, in which it lies",
                text_zh=f"{child.code}超出其上级{code}的边界",
            )
            yield from _pieces(left_of(child.shape, areas[code].shape), trouble)


def _below(areas: Mapping[str, Grid]) -> dict[str, list[Grid]]:
    """The areas of each area that has a border of its own."""
    below: dict[str, list[Grid]] = defaultdict(list)
    for area in areas.values():
        if area.parent_code is not None and area.parent_code in areas:
            below[area.parent_code].append(area)
    return below


def _pieces(pieces: Sequence[Polygon], trouble: Trouble) -> Iterator[RegisterFinding]:
    """A finding for each piece that is more than rounding, the largest first."""
    sizes = [measured(piece) for piece in pieces]
    kept = [s for s in sizes if s.area_m2 >= _SMALLEST_M2 and s.width_m >= ROUNDED_M]
    kept.sort(key=lambda size: -size.area_m2)
    for size in kept[:_PIECES_MAX]:
        yield _piece(size, trouble)
    rest = kept[_PIECES_MAX:]
    if rest:
        yield RegisterFinding(
            code=f"area.{trouble.code}",
            level=Level.WARN,
            text=f"{trouble.text}: {len(rest)} smaller pieces more",
            text_zh=f"{trouble.text_zh}：另有{len(rest)}处较小",
            areas=trouble.areas,
            place=rest[0].place,
            area_m2=sum(size.area_m2 for size in rest),
        )


def _piece(size: Measured, trouble: Trouble) -> RegisterFinding:
    is_sliver = size.width_m < SLIVER_M
    thin = f" (a sliver {size.width_m:.2f} m wide)" if is_sliver else ""
    thin_zh = f"（狭缝，平均宽{size.width_m:.2f}米）" if is_sliver else ""
    return RegisterFinding(
        code=f"area.{trouble.code}" + ("_sliver" if is_sliver else ""),
        level=Level.WARN,
        text=trouble.text + thin,
        text_zh=trouble.text_zh + thin_zh,
        areas=trouble.areas,
        place=size.place,
        area_m2=size.area_m2,
    )


def _some(codes: Sequence[str], most: int = 3) -> str:
    more = f" +{len(codes) - most}" if len(codes) > most else ""
    return ", ".join(codes[:most]) + more
