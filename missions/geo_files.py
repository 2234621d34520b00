"""Opens a file of borders: GeoJSON here, GeoPackage, Shapefile and KML through GDAL (pyogrio).

What a file is, its first bytes tell: GDAL is never let to guess, for some of its formats fetch
other files.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import shapely
from pyogrio.errors import DataLayerError, DataSourceError

from missions.angles import AngleRefused, read_degrees
from missions.file_crs import to_degrees
from missions.geojson_file import crs_of, features_of, read_geojson
from missions.raw_features import RawFeature, Source, unreadable
from missions.register_findings import RegisterFinding
from patrol.errors import ConfigError
from patrol.plan import Level

_HEAD_BYTES = 4096
_KML = re.compile(rb"<(?:\w+:)?kml[\s>]")
_COORDINATES = re.compile(r"<(?:\w+:)?coordinates>([^<]*)<", re.ASCII)
_GDAL_ERRORS = (DataSourceError, DataLayerError, UnicodeDecodeError, ValueError, RuntimeError)


def open_source(path: Path) -> Source:
    """Everything in the file, its shapes in degrees; ConfigError when it is no file of borders."""
    kind = _kind(path)
    if kind == "GeoJSON":
        body = read_geojson(path)
        head = {key: value for key, value in body.items() if key != "features"}
        source = Source(kind=kind, features=tuple(features_of(body)), head=head)
        return to_degrees(source, crs_of(body), path)
    return _through_gdal(path, kind)


def _kind(path: Path) -> str:
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except OSError as error:
        raise ConfigError(
            f"the file cannot be read: {path} ({error.strerror})",
            text_zh=f"无法读取文件：{path}（{error.strerror}）",
        ) from error
    if not head.strip():
        raise ConfigError(f"the file is empty: {path}", text_zh=f"文件为空：{path}")
    if head.startswith(b"SQLite format 3\x00"):
        return "GeoPackage"
    if head.startswith(b"\x00\x00\x27\x0a"):
        return "Shapefile"
    if _KML.search(head):
        return "KML"
    if head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"{", b"["):
        return "GeoJSON"
    hint, hint_zh = _hint(path, head)
    raise ConfigError(
        f"the file is neither GeoJSON, GeoPackage, Shapefile nor KML: {path}{hint}",
        text_zh=f"文件不是 GeoJSON、GeoPackage、Shapefile 或 KML：{path}{hint_zh}",
    )


def _hint(path: Path, head: bytes) -> tuple[str, str]:
    if head.startswith(b"PK"):
        return "; it is packed: unpack it (KMZ, ZIP) first", "；请先解压（KMZ、ZIP）"
    if path.suffix.lower() in (".dbf", ".shx", ".prj", ".cpg"):
        return "; name the .shp beside it", "；请指定同名的 .shp 文件"
    return "", ""


def _through_gdal(path: Path, kind: str) -> Source:
    features: list[RawFeature] = []
    findings: list[RegisterFinding] = []
    crs: str | None = None
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        try:
            for layer in pyogrio.list_layers(path)[:, 0]:
                meta, rows = _layer(path, str(layer), kind)
                crs = crs or meta["crs"]
                features += [
                    _feature(number, *row) for number, row in enumerate(rows, len(features) + 1)
                ]
        except _GDAL_ERRORS as error:
            raise ConfigError(
                f"the {kind} cannot be read: {path} ({error})",
                text_zh=f"无法读取 {kind} 文件：{path}（{error}）",
            ) from error
    findings += [_heard(str(warning.message)) for warning in heard]
    if kind == "KML":
        findings += _mistyped(path)
    return to_degrees(
        Source(kind=kind, features=tuple(features), findings=tuple(findings)), crs, path
    )


def _layer(
    path: Path, layer: str, kind: str
) -> tuple[dict[str, Any], Iterator[tuple[dict[str, Any], bytes | None]]]:
    encoding = None
    if kind == "Shapefile" and not _has_code_page(path):
        encoding = "UTF-8"
    try:
        meta, _, shapes, columns = pyogrio.raw.read(
            path, layer=layer, force_2d=True, encoding=encoding
        )
    except UnicodeDecodeError:  # what Chinese offices' programs write without saying so
        meta, _, shapes, columns = pyogrio.raw.read(
            path, layer=layer, force_2d=True, encoding="GB18030"
        )
    if shapes is None:
        return meta, iter(())
    names = [str(name) for name in meta["fields"]]
    rows = zip(*columns, strict=True) if columns else iter([()] * len(shapes))
    return meta, (
        ({name: _plain(value) for name, value in zip(names, row, strict=True)}, shape)
        for row, shape in zip(rows, shapes, strict=True)
    )


def _has_code_page(path: Path) -> bool:
    return any(path.with_suffix(suffix).is_file() for suffix in (".cpg", ".CPG"))


def _plain(value: Any) -> Any:  # noqa: ANN401  # whatever a table can hold
    """A table's value as JSON has it; no value is None."""
    if isinstance(value, np.datetime64):
        return None if np.isnat(value) else str(value)
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not np.isfinite(value) else value


def _feature(number: int, properties: dict[str, Any], shape: bytes | None) -> RawFeature:
    raw = RawFeature(number=number, properties=properties)
    if shape is None:
        return raw
    found = shapely.from_wkb(shape, on_invalid="ignore")
    if found is None:
        return raw.with_finding(unreadable(number, "its geometry is broken", "几何已损坏"))
    return raw.with_shape(found)


def _heard(message: str) -> RegisterFinding:
    """What GDAL remarked while it read."""
    return RegisterFinding(
        code="file.remark",
        level=Level.NOTE,
        text=f"while reading: {message}",
        text_zh=f"读取时提示：{message}",
    )


def _mistyped(path: Path) -> Iterator[RegisterFinding]:
    """Coordinates of a KML that are no numbers: GDAL only drops the shape."""
    text = path.read_text(encoding="utf-8", errors="replace")
    for found in _COORDINATES.finditer(text):
        for position in found[1].split():
            try:
                for part in position.split(",")[:2]:
                    read_degrees(part)
            except AngleRefused as error:
                yield RegisterFinding(
                    code="coordinates.mistyped",
                    level=Level.STOP,
                    text=f"the position {position!r}: {error}",
                    text_zh=f"坐标“{position}”：{error.text_zh}",
                )
                break
