"""What stands in a file of borders before anybody has judged it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from shapely.geometry.base import BaseGeometry

from missions.register_findings import RegisterFinding
from patrol.geo import GeoPoint
from patrol.plan import Level


@dataclass(frozen=True, slots=True, kw_only=True)
class RawFeature:
    """One feature; its shape is in degrees of the file's own datum, longitude first."""

    number: int  # in the file, from 1
    properties: Mapping[str, Any] = field(default_factory=dict)
    shape: BaseGeometry | None = None
    findings: tuple[RegisterFinding, ...] = ()

    def with_shape(self, shape: BaseGeometry) -> RawFeature:
        """The same with a shape."""
        return replace(self, shape=shape)

    def with_finding(self, finding: RegisterFinding) -> RawFeature:
        """The same with one more finding."""
        return replace(self, findings=(*self.findings, finding))


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A file of borders as it stands."""

    kind: str  # GeoJSON, GeoPackage, Shapefile or KML
    features: tuple[RawFeature, ...]
    head: Mapping[str, Any] = field(default_factory=dict)  # top-level members of a GeoJSON
    findings: tuple[RegisterFinding, ...] = ()  # about the file as a whole


def unreadable(number: int, why: str, why_zh: str, near: GeoPoint | None = None) -> RegisterFinding:
    """A feature of which nothing can be taken over."""
    return RegisterFinding(
        code="feature.unreadable",
        level=Level.STOP,
        text=f"feature {number} cannot be read: {why}",
        text_zh=f"第{number}个要素无法读取：{why_zh}",
        areas=(f"#{number}",),
        place=near,
    )
