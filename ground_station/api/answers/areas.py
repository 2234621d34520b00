"""The register as a map draws it."""

from __future__ import annotations

from typing import Any, NotRequired

from typing_extensions import TypedDict

from ground_station.shapes import with_more


@with_more
class AreaProperties(TypedDict):
    """What the register says of an area or site; a register file may say more."""

    code: str
    level: str
    name_zh: str
    name_spoken: NotRequired[str]
    aliases: NotRequired[list[str]]
    overlay: NotRequired[str]
    grid_code: NotRequired[str]
    is_synthetic: NotRequired[bool]


class Geometry(TypedDict):
    """RFC 7946, in WGS 84; how deep the coordinates are nested depends on the type."""

    type: str
    coordinates: list[Any]


class AreaFeature(TypedDict):
    """An area or site of the register."""

    type: str
    properties: AreaProperties
    geometry: Geometry


class Areas(TypedDict):
    """A GeoJSON FeatureCollection."""

    type: str
    features: list[AreaFeature]
