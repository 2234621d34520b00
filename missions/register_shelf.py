"""Every register a station has worked with, and from when: an old log is read with its own.

A new version never changes what an old log says: what was written under a version is drawn and
named by that version, and no other borders may bear its name.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import shapely

from missions.register import Register, load_register
from patrol.clock import parse_utc, utc_text
from patrol.errors import ConfigError

_USED = "used.jsonl"
_NAME_LENGTH = 16  # hex digits of the digest in a file's name


@dataclass(frozen=True, slots=True, kw_only=True)
class _Use:
    version: str
    digest: str
    since_utc: datetime


class RegisterShelf:
    """A folder of registers and the list of which was used from when; nothing is replaced."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[str, Register] = {}

    def keep(self, register: Register, at_utc: datetime) -> Register:
        """The same register, laid there and noted as used from now on.

        ConfigError when the version was used with other borders or names, or the folder is full.
        """
        digest, uses = digest_of(register), list(self._uses())
        if any(use.version == register.version and use.digest != digest for use in uses):
            raise ConfigError(
                f"the register's version {register.version} was used with other borders or names, "
                "and logs were filed under it: give the new one a version of its own",
                text_zh=f"名册版本{register.version}曾以不同的边界或名称使用，且已有日志归档于该版本："
                "请为新名册另定版本号",
            )
        if uses and uses[-1].digest == digest and uses[-1].version == register.version:
            return register
        try:
            self._lay(register, digest, at_utc)
        except OSError as error:
            raise ConfigError(
                f"the register cannot be kept in {self._folder}: {error.strerror}",
                text_zh=f"无法在{self._folder}留存网格名册：{error.strerror}",
            ) from error
        return register

    def of(self, version: str) -> Register | None:
        """The register of a version, or None when it was never used here."""
        found = next((use for use in self._uses() if use.version == version), None)
        return self._register(found) if found else None

    def in_use(self, at_utc: datetime) -> Register | None:
        """The one that was in use at a moment; None before the first."""
        found = None
        for use in self._uses():
            if use.since_utc <= at_utc:
                found = use
        return self._register(found) if found else None

    def _lay(self, register: Register, digest: str, at_utc: datetime) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._path(digest)
        if not path.exists():
            part = path.with_suffix(f".{os.getpid()}.part")
            _write(part, register.text.encode())
            part.replace(path)
        line = json.dumps(
            {"version": register.version, "digest": digest, "since_utc": utc_text(at_utc)},
            ensure_ascii=False,
        )
        used = self._folder / _USED
        whole = self._whole_lines()
        part = used.with_suffix(f".{os.getpid()}.part")
        _write(part, f"{whole}{line}\n".encode())
        part.replace(used)

    def _whole_lines(self) -> str:
        """The list; a last line that was cut off in writing never was."""
        try:
            text = (self._folder / _USED).read_text(encoding="utf-8")
        except FileNotFoundError:
            return ""
        return text[: text.rfind("\n") + 1]

    def _uses(self) -> Iterator[_Use]:
        try:
            for line in self._whole_lines().splitlines():
                body = json.loads(line)
                yield _Use(
                    version=str(body["version"]),
                    digest=str(body["digest"]),
                    since_utc=parse_utc(body["since_utc"]),
                )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ConfigError(
                f"the list of registers that were used cannot be read: {self._folder} ({error})",
                text_zh=f"无法读取历次名册清单：{self._folder}（{error}）",
            ) from error

    def _register(self, use: _Use) -> Register:
        if use.digest not in self._read:
            self._read[use.digest] = load_register(self._path(use.digest))
        return self._read[use.digest]

    def _path(self, digest: str) -> Path:
        return self._folder / f"{digest[:_NAME_LENGTH]}.geojson"


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def digest_of(register: Register) -> str:
    """Of the codes, names and borders: what a log's words and drawings are made of."""
    content = hashlib.sha256()
    for code, area in sorted(register.areas.items()):
        border = shapely.to_wkb(shapely.normalize(area.shape), byte_order=1)
        content.update(f"{code}\0{area.name_zh}\0{area.name_spoken}\0".encode())
        content.update(border)
    return content.hexdigest()
