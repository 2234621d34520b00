"""`gridpatrol grids import` and `grids check`: a file of borders, judged, drawn and written."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from rich.console import Console

from ground_station.commands.map_file import draw, require_picture
from missions.datums import StatedDatum
from missions.import_fields import FieldNames
from missions.map_sheet import Drawing
from missions.register import Register, load_register, sample_path
from missions.register_body import text_of
from missions.register_file import read_body
from missions.register_findings import RegisterFinding, failures
from missions.register_import import Imported, ImportRequest, import_file
from missions.register_map import to_html, to_svg
from patrol.errors import ConfigError
from patrol.plan import Level

if TYPE_CHECKING:
    from ground_station.cli_grids import ImportOptions

_STYLES = {Level.STOP: "bold red", Level.WARN: "yellow", Level.NOTE: "dim"}
_TOLD_OF_A_KIND = 20
_SHANGHAI = ZoneInfo("Asia/Shanghai")  # the day that a register begins is a local one


def run_import(options: ImportOptions) -> int:
    """Exit code 0; 1 when something is wrong with the file, which is written as far as it goes."""
    file = options.file
    if options.datum is None:
        raise ConfigError(
            f"say with --datum what the coordinates of {file} are: WGS-84 (GNSS), CGCS2000 "
            "(surveys, Tianditu) or GCJ-02 (Amap, Tencent, DataV). A wrong guess is half a "
            "kilometre",
            text_zh=f"请用 --datum 说明 {file} 的坐标系：WGS-84（卫星定位）、"
            "CGCS2000（测绘、天地图）或 GCJ-02（高德、腾讯、DataV）；误判将偏移约545米",
        )
    _refuse_existing(options.out)
    if options.map_file is not None:
        require_picture(options.map_file)
    imported = import_file(
        ImportRequest(
            path=file,
            datum=options.datum,
            present=load_register(options.register),
            names=FieldNames(code=options.code, name=options.name, parent=options.parent),
            today=_today(),
            version=options.version,
            valid_from=_day(options.valid_from, "--valid-from"),
            valid_to=_day(options.valid_to, "--valid-to"),
        )
    )
    if imported.body is not None and options.out is not None:
        write_new(options.out, text_of(imported.body))
    _tell(imported, options.out, options.map_file, as_json=options.as_json)
    return 1 if failures(imported.findings) or imported.body is None else 0


def run_check(register: Path | None, *, map_file: Path | None, as_json: bool) -> int:
    """Exit code 0 when nothing is wrong with the register; 1 with every finding."""
    if map_file is not None:
        require_picture(map_file)
    path = register or sample_path()
    body = read_body(path)  # whether it is a register with a datum at all
    checked = import_file(
        ImportRequest(
            path=path, datum=_datum_of(body), today=_today(), version=str(body.get("version"))
        )
    )
    _tell(checked, None, map_file, as_json=as_json)
    return 1 if failures(checked.findings) or checked.body is None else 0


def _datum_of(body: dict[str, Any]) -> StatedDatum:
    """As the register says; `read_body` took no other than these two."""
    is_cgcs = str(body["datum"]) == StatedDatum.CGCS2000
    return StatedDatum.CGCS2000 if is_cgcs else StatedDatum.WGS_84


def write_new(path: Path, text: str) -> None:
    """Write a file that is not there yet; ConfigError when it is, or cannot be written."""
    try:
        with path.open("x", encoding="utf-8") as file:
            try:
                file.write(text)
            except OSError:
                path.unlink()  # half a register is none
                raise
    except FileExistsError as error:
        raise _exists(path) from error
    except OSError as error:
        raise ConfigError(
            f"the file cannot be written: {path} ({error.strerror})",
            text_zh=f"无法写入文件：{path}（{error.strerror}）",
        ) from error


def _refuse_existing(path: Path | None) -> None:
    if path is not None and path.exists():
        raise _exists(path)


def _exists(path: Path) -> ConfigError:
    return ConfigError(
        f"there is a file already, and an old register is what old logs were filed under: {path}",
        text_zh=f"文件已存在，旧名册是旧日志的依据，不予覆盖：{path}",
    )


def _today() -> date:
    return datetime.now(_SHANGHAI).date()


def _day(text: str | None, option: str) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ConfigError(
            f"{option} wants a date such as 2026-01-01, not {text!r}",
            text_zh=f"{option} 应为日期，如2026-01-01，而不是{text!r}",
        ) from error


def _tell(imported: Imported, out: Path | None, map_file: Path | None, *, as_json: bool) -> None:
    """Findings, where they were drawn and what was written."""
    register = None
    if imported.body is not None:
        register = Register(imported.body, out or Path("(checked)"))
        if map_file is not None:
            found = imported.findings
            draw(map_file, Drawing(svg=to_svg(register, found), html=to_html(register, found)))
    if as_json:
        _tell_json(imported, register, out, map_file)
    else:
        _tell_words(imported, register, out, map_file)


def _tell_json(
    imported: Imported, register: Register | None, out: Path | None, map_file: Path | None
) -> None:
    body = {
        "features": imported.feature_count,
        "areas": imported.area_count,
        "grids": len(register.grids) if register else 0,
        "register": register.version if register else None,
        "findings": [finding.to_dict() for finding in imported.findings],
        "written": [str(path) for path in (out, map_file) if path and register],
    }
    sys.stdout.write(json.dumps(body, ensure_ascii=False) + "\n")


def _tell_words(
    imported: Imported, register: Register | None, out: Path | None, map_file: Path | None
) -> None:
    console = Console(highlight=False, soft_wrap=True)
    _tell_findings(console, imported.findings)
    wrong = len(failures(imported.findings))
    if register is None:
        console.print("nothing could be read 未能读取任何区域", style="bold")
        return
    console.print(
        f"register {register.version}: {imported.area_count} areas of {imported.feature_count} "
        f"features, {len(register.grids)} grids, {len(register.sites)} sites; "
        f"{wrong} findings 共{wrong}处问题"
    )
    if register.is_synthetic:
        console.print("its polygons are SYNTHETIC 合成边界: for exercises only", style="yellow")
    for path in (out, map_file):
        if path is not None:
            console.print(f"written 已写入: {path}", markup=False)


def _tell_findings(console: Console, findings: Sequence[RegisterFinding]) -> None:
    """The gravest first; of one kind the first few, for a file may be wrong from end to end."""
    told: Counter[tuple[Level, str]] = Counter()
    for finding in sorted(findings, key=lambda f: list(_STYLES).index(f.level)):
        kind = finding.level, finding.code
        told[kind] += 1
        if told[kind] > _TOLD_OF_A_KIND:
            continue
        console.print(
            f"  {finding.level.value}: [{finding.code}] {finding.sentence}",
            style=_STYLES[finding.level], markup=False,
        )  # fmt: skip
        console.print(f"        {finding.sentence_zh}", style="dim", markup=False)
    for (level, code), count in told.items():
        if count > _TOLD_OF_A_KIND:
            console.print(
                f"  {level.value}: [{code}] {count - _TOLD_OF_A_KIND} more, all in --json and "
                f"--map out.html 另有{count - _TOLD_OF_A_KIND}处，详见 --json 或 --map",
                style=_STYLES[level], markup=False,
            )  # fmt: skip
