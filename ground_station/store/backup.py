"""A backup of the records while the station runs, checked before it is called one; and its return.

A backup is a folder: both databases as SQLite files, whatever else lies in the data folder, and
`manifest.json` with a hash of each file and the head of the audit chain.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from ground_station.data_lock import data_lock
from ground_station.store.chain import Verdict, open_read_only, verify
from ground_station.store.closing import changed_record
from ground_station.store.codec import canonical_json
from ground_station.store.schema import DATABASE_NAME
from ground_station.store.telemetry import TELEMETRY_NAME, telemetry_path
from ground_station.store.tracks import changed_telemetry, closed_logs, told_of_tracks
from patrol.clock import utc_text
from patrol.errors import ConfigError, Refused, StoreFull

FORMAT = "gridpatrol-backup/1"
MANIFEST = "manifest.json"
_DATABASES = (DATABASE_NAME, TELEMETRY_NAME)
_LEFT_OUT = {"station.lock", MANIFEST}
_PARTIAL = ".partial"


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a backup holds; `head` and `rows` are the audit chain's in it."""

    made_utc: str
    rows: int
    head: str
    files: Mapping[str, str]  # name to SHA-256


def begin_backup(target: Path) -> Path:
    """A fresh folder beside the target to make the backup in; Refused when the target is there."""
    if target.exists():
        raise Refused(f"{target} exists already: a backup overwrites nothing")
    partial = target.with_name(target.name + _PARTIAL)
    try:
        shutil.rmtree(partial, ignore_errors=True)  # of one that was killed
        partial.mkdir(parents=True)
    except OSError as error:
        raise ConfigError(f"{target} cannot be written: {error.strerror or error}") from error
    return partial


def copy_databases(source: Path, partial: Path) -> None:
    """Copy the SQLite files of a data folder as they are at one moment, written to or not."""
    for name in _DATABASES:
        if (source / name).is_file():
            _copy_database(source / name, partial / name)


def _copy_database(source: Path, target: Path) -> None:
    try:
        with closing(open_read_only(source)) as found, closing(sqlite3.connect(target)) as copy:
            found.backup(copy)  # in one step: a snapshot that nobody's writing disturbs
            # One file, without a log beside it.
            copy.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_FULL:
            raise StoreFull(f"the backup's disk is full ({error})", text_zh="备份盘已满") from error
        raise ConfigError(f"{source.name} cannot be copied: {error}") from error


def end_backup(source: Path, partial: Path, target: Path, at_utc: datetime) -> Manifest:
    """Copy the other files, check the copy, write the manifest and give it its name.

    Refused, and nothing is left, when the copied records do not verify.
    """
    try:
        for path in _others(source, skip=(partial, target)):
            there = partial / path.relative_to(source)
            there.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, there)
        verdict = _checked(partial)
        files = {str(path.relative_to(partial)): _sha256(path) for path in _files(partial)}
        manifest = Manifest(
            made_utc=utc_text(at_utc), rows=verdict.row_count, head=verdict.head_hash, files=files
        )
        _write_manifest(partial, manifest)
        partial.rename(target)
        _sync(target.parent)
    except OSError as error:
        shutil.rmtree(partial, ignore_errors=True)
        raise ConfigError(f"{target} cannot be written: {error.strerror or error}") from error
    except Refused:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    return manifest


def check_backup(backup: Path) -> Manifest:
    """What a backup holds; Refused when a file or the chain in it is not what was backed up."""
    try:
        said = json.loads((backup / MANIFEST).read_text(encoding="utf-8"))
        manifest = Manifest(
            made_utc=str(said["made_utc"]), rows=int(said["rows"]), head=str(said["head"]),
            files={str(k): str(v) for k, v in said["files"].items()},
        )  # fmt: skip
        is_ours = said["format"] == FORMAT
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(f"{backup} is no backup of GridPatrol ({error})") from error
    if not is_ours or DATABASE_NAME not in manifest.files:
        raise ConfigError(f"{backup} is no backup that this program can read")
    for name, wanted in manifest.files.items():
        path = backup / name
        if backup.resolve() not in path.resolve().parents:
            raise Refused(f"the backup names a file outside itself: {name}")
        if not path.is_file() or _sha256(path) != wanted:
            raise Refused(f"the backup is damaged: {name} is missing or was changed")
    verdict = _checked(backup)
    if (verdict.row_count, verdict.head_hash) != (manifest.rows, manifest.head):
        raise Refused("the backup is damaged: its audit chain is not the one of its manifest")
    return manifest


def restore_files(
    backup: Path, folder: Path, manifest: Manifest, *, with_databases: bool = True
) -> None:
    """Bring a checked backup's files into an empty data folder; Refused when it is not empty."""
    with data_lock(folder):
        there = [path.name for path in folder.iterdir() if path.name not in _LEFT_OUT]
        if there:
            raise Refused(
                f"{folder} is not empty ({', '.join(sorted(there)[:3])}): a backup is restored "
                "into an empty folder and overwrites nothing"
            )
        # The records last: a restore that was killed leaves a folder that no station takes for
        # a whole one.
        names = sorted(manifest.files, key=lambda name: name == DATABASE_NAME)
        try:
            for name in names if with_databases else set(names) - set(_DATABASES):
                _bring(backup / name, folder / name)
        except OSError as error:
            raise ConfigError(f"{folder} cannot be written: {error.strerror or error}") from error


def fault_in(folder: Path) -> tuple[Verdict, str]:
    """The chain's verdict, and what of the closed logs and their tracks does not fit."""
    path = folder / DATABASE_NAME
    verdict = verify(path)
    return verdict, closed_fault(path) if verdict.is_intact else verdict.reason


def closed_fault(path: Path) -> str:
    """The first record or track of a closed log that is not as it was; empty when all are."""
    try:
        with closing(open_read_only(path)) as connection:
            fault = changed_record(connection)
            logs, told = closed_logs(connection), told_of_tracks(connection)
        telemetry = telemetry_path(path)
        # The track may be kept elsewhere or be gone by its retention: only what is there must fit.
        return fault or (changed_telemetry(telemetry, logs, told) if telemetry.is_file() else "")
    except (sqlite3.DatabaseError, ValueError, KeyError, TypeError) as error:
        return f"the closed patrol logs cannot be read: {error}"


def _checked(folder: Path) -> Verdict:
    verdict, fault = fault_in(folder)
    if fault:
        row = f"row {verdict.row}: " if verdict.row is not None else ""
        raise Refused(f"the records do not verify, this is no backup: {row}{fault}")
    return verdict


def _others(source: Path, skip: tuple[Path, ...]) -> Iterator[Path]:
    """Files of the data folder that are no database, no lock and no backup of it."""
    if not source.is_dir():
        return
    skipped = {path.resolve() for path in skip}
    for path in _files(source):
        is_database = path.parent == source and path.name.startswith(_DATABASES)
        is_ours = skipped.isdisjoint({path.resolve(), *path.resolve().parents})
        if is_ours and not is_database and path.name not in _LEFT_OUT:
            yield path


def _files(folder: Path) -> list[Path]:
    return sorted(p for p in folder.rglob("*") if p.is_file() and not p.is_symlink())


def _write_manifest(folder: Path, manifest: Manifest) -> None:
    body = {
        "format": FORMAT, "made_utc": manifest.made_utc, "rows": manifest.rows,
        "head": manifest.head, "files": dict(manifest.files),
    }  # fmt: skip
    for name in manifest.files:
        _sync(folder / name)
    (folder / MANIFEST).write_text(canonical_json(body) + "\n", encoding="utf-8")
    _sync(folder / MANIFEST)
    _sync(folder)


def _bring(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(target.name + _PARTIAL)
    shutil.copy2(source, partial)
    _sync(partial)
    partial.rename(target)
    _sync(target.parent)


def _sync(path: Path) -> None:
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def manifest_fields(manifest: Manifest) -> dict[str, Any]:
    """What the audit row about a backup or its return says."""
    return {
        "made_utc": manifest.made_utc, "rows": manifest.rows, "head": manifest.head,
        "database_sha256": manifest.files[DATABASE_NAME],
    }  # fmt: skip
