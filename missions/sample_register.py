"""Makes the sample register: true names and totals, SYNTHETIC polygons that tile the land.

Run `python -m missions.sample_register config/sample_register.geojson` to write it anew; the same
seed gives the same file.
"""

from __future__ import annotations

import json
import math
import random
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from shapely import STRtree
from shapely.geometry import LineString, MultiPolygon, Point, Polygon, mapping
from shapely.geometry.polygon import orient
from shapely.ops import split, unary_union

from missions.codes import spoken_number
from missions.grid import COAST

SEED = 440512
NOTE = (
    "SYNTHETIC polygons: names, codes of streets and totals are true, every boundary is invented. "
    "合成边界，仅供演练；不得用于真实飞行。"
)
_SHORE_DEG = 1e-6  # a tenth of a metre: the rounding of the file, and more
_ON_EDGE_DEG = 1e-9  # far under a millimetre: the cut itself, in floating point

# Corners of an invented land outline within the district's extent, longitude and latitude.
_OUTLINE = (
    (116.6180, 23.2430), (116.6420, 23.2190), (116.6790, 23.2110), (116.7060, 23.2230),
    (116.7370, 23.2060), (116.7730, 23.2040), (116.8090, 23.2230), (116.8170, 23.2480),
    (116.7930, 23.2690), (116.7780, 23.2960), (116.7480, 23.3130), (116.7190, 23.3410),
    (116.6870, 23.3450), (116.6610, 23.3240), (116.6490, 23.2930), (116.6240, 23.2740),
)  # fmt: skip

_STREETS: tuple[tuple[str, str, float, str], ...] = (
    ("001", "达濠", 7.0, "濠滨 达濠 达埠 赤港 赤隆 青篮 青林 青盐 葛洲 西堆"),
    ("002", "马滘", 17.0, "海光 海星 海明 和社 马滘 凤岗 南山"),
    ("003", "礐石", 40.0,
     "珠浦 葛陈 葛朱 茂南 茂北 头村 中村 尾村 礐石 红光 红旗 红星 磊口 棉花 松山 澳头"),
    ("004", "广澳", 24.0, "广澳 东湖 三寮 埭头 溪头 河渡 大蔚"),
    ("005", "滨海", 22.0, "华新 华里 钱塘 五一 上头 林后 东陇 上店 里前"),
    ("006", "河浦", 19.0, "河东 河南 河北 楼下 肚桥"),
    ("007", "玉新", 15.0, "玉石 黎明 岗背 燎原 灯塔 下衙"),
)  # fmt: skip
_STREET_ALIASES = {"002": ["马窖"]}
# Dense old-town communities: six small grids each, the others have four. 7 x 6 + 53 x 4 = 254.
_DENSE = frozenset({"濠滨", "达濠", "达埠", "赤港", "青盐", "葛洲", "西堆"})
_DENSE_WEIGHT = 0.38
_OVERLAYS = (
    ("T1", "企业", "ENTERPRISE"), ("T2", "工地", "SITE"),
    ("T3", "学校", "SCHOOL"), ("T4", "酒店旅馆", "HOTEL"),
)  # fmt: skip
_SITES_PER_OVERLAY = 5
_SCHOOL_HOURS = ("07:20-08:00", "16:30-17:30")  # when children come and go; invented


def cut(shape: Polygon, weights: Sequence[float], chooser: random.Random) -> Iterator[Polygon]:
    """Parts of a convex-ish polygon with areas in the ratio of the weights."""
    if len(weights) == 1:
        yield shape
        return
    half = len(weights) // 2
    share = sum(weights[:half]) / sum(weights)
    first, second = _cut_in_two(shape, share, chooser)
    yield from cut(first, weights[:half], chooser)
    yield from cut(second, weights[half:], chooser)


def _cut_in_two(shape: Polygon, share: float, chooser: random.Random) -> tuple[Polygon, Polygon]:
    """Cut across the longer side, a little askew, so that the first part has the wanted share."""
    corners = list(shape.minimum_rotated_rectangle.exterior.coords)
    sides = sorted(
        ((math.dist(a, b), a, b) for a, b in zip(corners, corners[1:], strict=False)),
        key=lambda side: -side[0],
    )
    _, start, end = sides[0]
    along = math.atan2(end[1] - start[1], end[0] - start[0])
    across = along + math.pi / 2 + chooser.uniform(-0.12, 0.12)
    if math.cos(along) < 0:  # from west to east, so that codes run that way too
        start, end = end, start
    low, high = 0.0, 1.0
    parts: tuple[Polygon, Polygon] | None = None
    for _ in range(40):
        middle = (low + high) / 2
        parts = _parts_at(shape, start, end, middle, across)
        if parts is None or parts[0].area / shape.area < share:
            low = middle
        else:
            high = middle
    if parts is None:
        raise ValueError("a part of the land could not be cut")
    return parts


def _parts_at(
    shape: Polygon, start: Sequence[float], end: Sequence[float], position: float, across: float
) -> tuple[Polygon, Polygon] | None:
    x = start[0] + (end[0] - start[0]) * position
    y = start[1] + (end[1] - start[1]) * position
    reach_x, reach_y = math.cos(across), math.sin(across)
    line = LineString([(x - reach_x, y - reach_y), (x + reach_x, y + reach_y)])
    pieces = [piece for piece in split(shape, line).geoms if piece.area > 0]
    if len(pieces) < 2:
        return None
    direction = (end[0] - start[0], end[1] - start[1])

    def is_before(piece: Polygon) -> bool:
        c = piece.centroid
        return bool((c.x - x) * direction[0] + (c.y - y) * direction[1] < 0)

    before = [piece for piece in pieces if is_before(piece)]
    after = [piece for piece in pieces if not is_before(piece)]
    if len(before) != 1 or len(after) != 1:
        return None
    return before[0], after[0]


def make_register(seed: int = SEED) -> dict[str, Any]:
    """The whole register as GeoJSON."""
    chooser = random.Random(seed)  # noqa: S311  # the same file again, nothing secret
    plan = _planned_grids(chooser)
    shapes = _noded([shape for *_, shape in plan])
    features = []
    for (street, community, sequence, _), shape in zip(plan, shapes, strict=True):
        feature = _grid_feature(street, community, sequence, shape)
        feature["properties"]["sensitive_flags"] = _flags_of(shape)
        features.append(feature)
    for code, name in _area_names():
        members = [
            shape
            for (street, community, _, _), shape in zip(plan, shapes, strict=True)
            if f"440512{street}{community}".startswith(code)
        ]
        features.append(_area_feature(code, name, unary_union(members)))
    features += _special_features(plan, shapes, chooser)
    features += _checkpoints(plan, shapes)
    return {
        "type": "FeatureCollection",
        "name": "haojiang-sample",
        "note": NOTE,
        "is_synthetic": True,
        "datum": "WGS-84",
        "version": "sample-2026.2",
        "valid_from": "2026-01-01",
        "district": "440512",
        "features": features,
    }


def _planned_grids(chooser: random.Random) -> list[tuple[str, str, int, Polygon]]:
    """Street code, community code, sequence in the community, shape."""
    planned = []
    streets = cut(Polygon(_OUTLINE), [weight for _, _, weight, _ in _STREETS], chooser)
    for (code, _, _, names), street in zip(_STREETS, streets, strict=True):
        communities = names.split()
        weights = [_DENSE_WEIGHT if name in _DENSE else 1.4 for name in communities]
        shapes = cut(street, weights, chooser)
        for number, (name, shape) in enumerate(zip(communities, shapes, strict=True), 1):
            count = 6 if name in _DENSE else 4
            grids = sorted(
                cut(shape, [chooser.uniform(0.8, 1.25) for _ in range(count)], chooser),
                key=lambda grid: (round(grid.centroid.x, 4), -grid.centroid.y),
            )
            planned += [
                (code, f"{number:03d}", sequence, grid) for sequence, grid in enumerate(grids, 1)
            ]
    return planned


def _noded(shapes: Sequence[Polygon]) -> list[Polygon]:
    """The same shapes in seven decimals, every corner on a shared edge a corner of both."""
    corners = sorted({point for shape in shapes for point in shape.exterior.coords[:-1]})
    tree = STRtree([Point(corner) for corner in corners])
    noded = []
    for shape in shapes:
        ring: list[tuple[float, float]] = []
        points = shape.exterior.coords
        for start, end in zip(points, points[1:], strict=False):
            edge = LineString([start, end])
            near = tree.query(edge, predicate="dwithin", distance=_ON_EDGE_DEG)
            ring += sorted((corners[i] for i in near), key=lambda c: math.dist(c, start))[:-1]
        rounded = [(round(x, 7), round(y, 7)) for x, y in ring]
        noded.append(orient(Polygon(_without_repeats(rounded))))
    return noded


def _without_repeats(ring: list[tuple[float, float]]) -> list[tuple[float, float]]:
    return [
        point for point, before in zip(ring, [ring[-1], *ring], strict=False) if point != before
    ]


def _area_names() -> Iterator[tuple[str, str]]:
    yield "440512", "濠江区"
    for code, street, _, names in _STREETS:
        yield f"440512{code}", f"{street}街道"
        for number, name in enumerate(names.split(), 1):
            yield f"440512{code}{number:03d}", f"{name}社区"


def _names_of(street: str, community: str) -> tuple[str, str]:
    _, name, _, communities = next(row for row in _STREETS if row[0] == street)
    return name, communities.split()[int(community) - 1]


def _grid_feature(street: str, community: str, sequence: int, shape: Polygon) -> dict[str, Any]:
    street_name, community_name = _names_of(street, community)
    name = f"第{spoken_number(sequence)}网格"
    return _feature(
        shape,
        code=f"440512{street}{community}{sequence:03d}", level="grid", name_zh=name,
        name_spoken=f"{street_name}街道{community_name}社区{name}",
    )  # fmt: skip


def _area_feature(code: str, name: str, shape: Polygon | MultiPolygon) -> dict[str, Any]:
    level = {6: "district", 9: "street", 12: "community"}[len(code)]
    spoken = name
    if level == "community":
        spoken = f"{_names_of(code[6:9], code[9:12])[0]}街道{name}"
    aliases = _STREET_ALIASES.get(code[6:9], []) if level == "street" else []
    return _feature(
        shape, code=code, level=level, name_zh=name, name_spoken=spoken, aliases=aliases,
        **_facts(level, name),
    )  # fmt: skip


def _facts(level: str, name: str) -> dict[str, Any]:
    """Invented: who answers for a street, and where people live close together."""
    if level == "street":
        return {"responsible": [{"name": f"示例{name}负责人", "duty": "包片领导"}]}
    if level == "community":
        return {"noise_class": "1" if name.removesuffix("社区") in _DENSE else "2"}
    return {}


def _feature(shape: Polygon | MultiPolygon, **properties: Any) -> dict[str, Any]:  # noqa: ANN401
    geometry = mapping(orient(shape) if isinstance(shape, Polygon) else shape)
    return {
        "type": "Feature",
        "properties": properties | {"is_synthetic": True},
        "geometry": {"type": geometry["type"], "coordinates": _rounded(geometry["coordinates"])},
    }


def _rounded(value: Any) -> Any:  # noqa: ANN401  # nested GeoJSON coordinates
    if isinstance(value, (list, tuple)):
        return [_rounded(part) for part in value]
    return round(value, 7)


def _special_features(
    plan: Sequence[tuple[str, str, int, Polygon]], shapes: Sequence[Polygon], chooser: random.Random
) -> list[dict[str, Any]]:
    features: list[dict[str, Any]] = []
    for suffix, name, kind in _OVERLAYS:
        overlay = f"440512{suffix}"
        features.append(
            {
                "type": "Feature",
                "geometry": None,
                "properties": {
                    "code": overlay,
                    "level": "special",
                    "special_type": kind,
                    "name_zh": f"{name}特殊网格",
                    "is_synthetic": True,
                },
            }  # fmt: skip
        )
        for number in range(1, _SITES_PER_OVERLAY + 1):
            position = chooser.randrange(len(plan))
            street, community, sequence, _ = plan[position]
            properties: dict[str, Any] = {
                "code": f"{overlay}{number:04d}",
                "level": "site",
                "overlay": overlay,
                "name_zh": f"示例{name}{spoken_number(number)}",
                "grid_code": f"440512{street}{community}{sequence:03d}",
                "is_synthetic": True,
            }
            if kind == "SCHOOL":
                properties["rules"] = list(_SCHOOL_HOURS)
            features.append(_site_feature(shapes[position], properties))
    return features


def _flags_of(shape: Polygon) -> list[str]:
    """Around the invented land lies the sea: an edge on its outline is coast, a corner is none."""
    shore = Polygon(_OUTLINE).exterior.buffer(_SHORE_DEG)
    return [COAST] if shape.boundary.intersection(shore).length > 10 * _SHORE_DEG else []


def _checkpoints(
    plan: Sequence[tuple[str, str, int, Polygon]], shapes: Sequence[Polygon]
) -> Iterator[dict[str, Any]]:
    """The 7 + 60 checkpoints: each community's in its first grid, each street's in its last."""
    codes = [f"440512{street}{community}{number:03d}" for street, community, number, _ in plan]
    for code, name in _area_names():
        if code == "440512":
            continue
        inside = [position for position, grid in enumerate(codes) if grid.startswith(code)]
        position = inside[-1] if len(code) == len("440512001") else inside[0]
        properties = {
            "code": f"{code}K1",
            "level": "checkpoint",
            "name_zh": f"{name}检测点",
            "grid_code": codes[position],
            "serves": code,
            "is_synthetic": True,
        }
        yield _site_feature(shapes[position], properties)


def _site_feature(grid: Polygon, properties: dict[str, Any]) -> dict[str, Any]:
    """A site somewhere inside its grid."""
    inside: Point = grid.representative_point()
    place = {"type": "Point", "coordinates": [round(inside.x, 7), round(inside.y, 7)]}
    return {"type": "Feature", "geometry": place, "properties": properties}


def main(path: Path) -> None:
    """Write the file, one feature a line so that a change can be read."""
    body = make_register()
    features = body.pop("features")
    head = json.dumps(body, ensure_ascii=False, indent=1).rstrip("}\n ")
    lines = ",\n".join(
        json.dumps(feature, ensure_ascii=False, separators=(",", ":")) for feature in features
    )
    path.write_text(f'{head},\n "features": [\n{lines}\n]}}\n', encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
