"""Makes a register of a file of borders: what could be read, and everything that is wrong with it.

Pure but for reading the file. It never guesses a datum and never writes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from missions.borders import judge, winding
from missions.codes import GridLevel
from missions.datum_doubts import datum_findings
from missions.datums import StatedDatum
from missions.gcj02 import LonLat, to_wgs84
from missions.geo_files import open_source
from missions.import_fields import FieldNames, Fields, find_fields
from missions.import_sites import is_special, read_sites
from missions.misplaced import misplaced
from missions.raw_features import RawFeature, Source, unreadable
from missions.register import Register
from missions.register_body import assembled
from missions.register_check import findings_of
from missions.register_findings import RegisterFinding
from missions.register_tree import Drawn, without_doubles
from patrol.errors import ConfigError
from patrol.plan import Level


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRequest:
    """A file and what is said of it."""

    path: Path
    datum: StatedDatum
    today: date
    present: Register | None = None  # in force: what the file is compared with
    names: FieldNames = field(default_factory=FieldNames)
    version: str | None = None  # None: of the day and the content
    valid_from: date | None = None
    valid_to: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What came of a file; `body` is None when no area could be read."""

    body: dict[str, Any] | None
    findings: tuple[RegisterFinding, ...]
    feature_count: int
    area_count: int


def import_file(request: ImportRequest) -> Imported:
    """Read, convert, judge and put together; ConfigError when it is no file of borders at all."""
    source = open_source(request.path)
    if not source.features:
        raise ConfigError(
            f"the file has no areas in it: {request.path}",
            text_zh=f"文件中没有任何区域：{request.path}",
        )
    _refuse_other_datum(source, request)
    fields = find_fields(source.features, request.names)
    convert = to_wgs84 if request.datum is StatedDatum.GCJ_02 else None
    findings = [*source.findings, *_of_datum(request.datum)]
    areas, said = _drawn(source, fields, convert)
    sites = read_sites(source.features, fields, convert)
    findings += [*said, *sites.findings]
    areas, said = _placed(areas, request)
    findings += said
    if not areas:
        return _nothing(source, findings)
    is_synthetic = any(raw.properties.get("is_synthetic") is True for raw in source.features)
    stated = {"is_synthetic": is_synthetic, **source.head, **_head_of(request)}
    body, said = assembled(areas, sites, stated, request.version)
    findings += [*said, *findings_of(Register(body, request.path), request.today)]
    return Imported(
        body=body,
        findings=tuple(findings),
        feature_count=len(source.features),
        area_count=len(areas),
    )


def _nothing(source: Source, findings: Sequence[RegisterFinding]) -> Imported:
    count = len(source.features)
    return Imported(body=None, findings=tuple(findings), feature_count=count, area_count=0)


def _refuse_other_datum(source: Source, request: ImportRequest) -> None:
    said = source.head.get("datum")
    if said is None or str(said).replace("-", "") == request.datum.replace("-", ""):
        return
    raise ConfigError(
        f"the file says that its datum is {said}, and --datum says {request.datum}: {request.path}",
        text_zh=f"文件自述坐标系为{said}，与所填的{request.datum}不一致：{request.path}",
    )


def _head_of(request: ImportRequest) -> dict[str, Any]:
    """What the person who imports says of the whole."""
    said: dict[str, Any] = {
        "source_datum": request.datum.value,
        "source_file": request.path.name,
        "today": request.today.isoformat(),
    }
    if request.valid_from is not None:
        said["valid_from"] = request.valid_from.isoformat()
    if request.valid_to is not None:
        said["valid_to"] = request.valid_to.isoformat()
    return said


def _of_datum(datum: StatedDatum) -> list[RegisterFinding]:
    if datum is StatedDatum.WGS_84:
        return []
    is_shifted = datum is StatedDatum.GCJ_02
    return [
        RegisterFinding(
            code="datum.converted" if is_shifted else "datum.taken_as_equal",
            level=Level.NOTE,
            text="every corner was converted from GCJ-02 to WGS-84" if is_shifted
            else "CGCS2000 is taken as WGS-84: they differ by centimetres",
            text_zh="全部坐标已由GCJ-02转换为WGS-84" if is_shifted
            else "CGCS2000按WGS-84处理，两者相差为厘米级",
        )
    ]  # fmt: skip


def _drawn(
    source: Source, fields: Fields, convert: Callable[[LonLat], LonLat] | None
) -> tuple[list[Drawn], list[RegisterFinding]]:
    """Every area with a code and a border that can be used."""
    areas: list[Drawn] = []
    findings: list[RegisterFinding] = []
    for raw in source.features:
        findings += raw.findings
        if raw.findings or is_special(raw):
            continue
        try:
            code, parent = fields.code_of(raw.properties), fields.parent_of(raw.properties)
        except ValueError as error:
            findings.append(
                unreadable(raw.number, f"its code or its parent: {error}", f"编码无效：{error}")
            )
            continue
        if raw.shape is None:
            findings.append(unreadable(raw.number, f"{code} has no border", f"{code}没有边界"))
            continue
        border, said = judge(raw.shape, code, convert)
        findings += said
        if border is not None:
            if source.kind == "GeoJSON":
                findings += winding(raw.shape, border, code)
            areas.append(
                Drawn(
                    code=code, name=fields.name_of(raw.properties) or code, border=border,
                    parent=parent, is_parent_stated=parent is not None,
                    level=_stated_level(raw), properties=raw.properties,
                    is_of_a_register="datum" in source.head,
                )
            )  # fmt: skip
    return areas, findings


def _stated_level(raw: RawFeature) -> GridLevel | None:
    said = raw.properties.get("level")
    return GridLevel(said) if said in [level.value for level in GridLevel] else None


def _placed(
    areas: Sequence[Drawn], request: ImportRequest
) -> tuple[list[Drawn], list[RegisterFinding]]:
    """Without what was mistyped to another place; with a word on the datum."""
    kept, findings = without_doubles(areas)
    if request.present is None:
        return kept, findings
    borders = {area.code: area.border for area in kept}
    present = {code: area.shape for code, area in request.present.areas.items()}
    wrong = misplaced(borders, present)
    findings += wrong.values()
    left_out = {code for code, finding in wrong.items() if finding.level is Level.STOP}
    kept = [area for area in kept if area.code not in left_out]
    findings += datum_findings(
        {area.code: area.border for area in kept},
        request.present,
        is_converted=request.datum is StatedDatum.GCJ_02,
    )
    return kept, findings
