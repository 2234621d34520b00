"""Which properties of a file hold the codes, the names and the codes above."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from missions.codes import HAOJIANG, CodeForm, read_foreign_code
from missions.raw_features import RawFeature
from patrol.errors import ConfigError

_OF_OURS = {"code": ("code",), "name": ("name_zh", "name"), "parent": ("parent_code",)}
_SHOWN_MAX = 20
_BETWEEN = re.compile(r"[,，、;；|]")
_NATIONAL = len(HAOJIANG.district)  # digits of a county, GB/T 2260


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldNames:
    """What the person who imports says; None: as our own registers call them."""

    code: str | None = None
    name: str | None = None
    parent: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """Properties as they are spelt in the file; None where it has none."""

    code: str
    name: str | None
    parent: str | None

    def code_of(self, properties: Mapping[str, Any]) -> str:
        """The feature's code; ValueError when it has none."""
        return read_foreign_code(properties.get(self.code))

    def name_of(self, properties: Mapping[str, Any]) -> str:
        """Its name, or nothing."""
        said = properties.get(self.name) if self.name else None
        return _clean(str(said).strip()) if said is not None else ""

    def parent_of(self, properties: Mapping[str, Any]) -> str | None:
        """The code of what it lies in; None without one. ValueError for what is no code."""
        said = properties.get(self.parent) if self.parent else None
        if isinstance(said, Mapping):  # as DataV has it: {"adcode": 440500}
            said = said.get(self.code)
        return None if said is None or said == "" else read_foreign_code(said)


def find_fields(features: Sequence[RawFeature], names: FieldNames) -> Fields:
    """The properties of those names; ConfigError lists what the file has instead."""
    have = list(dict.fromkeys(key for raw in features for key in raw.properties))
    code = _find(have, "code", names.code)
    if code is None:
        raise _missing("code", _OF_OURS["code"][0], have)
    return Fields(
        code=code,
        name=_find(have, "name", names.name),
        parent=_find(have, "parent", names.parent),
    )


def _find(have: Sequence[str], what: str, asked: str | None) -> str | None:
    for wanted in (asked,) if asked is not None else _OF_OURS[what]:
        same = [key for key in have if key == wanted]
        same = same or [key for key in have if key.casefold() == wanted.casefold()]
        if same:
            return same[0]
    if asked is not None:
        raise _missing(what, asked, have)
    return None


def _missing(what: str, wanted: str, have: Sequence[str]) -> ConfigError:
    shown = ", ".join(have[:_SHOWN_MAX]) or "-"
    return ConfigError(
        f"no area of the file has a property {wanted!r}; say with --{what} which it is. "
        f"It has: {shown}",
        text_zh=f"文件中没有属性“{wanted}”，请用 --{what} 指定。现有属性：{shown}",
    )


def common_form(codes: Sequence[str]) -> CodeForm | None:
    """The national form, when every code has it and all are of one county; else None."""
    compact = [compacted(code) for code in codes]
    if not compact or not compact[0][:_NATIONAL].isdigit() or len(compact[0]) < _NATIONAL:
        return None
    form = CodeForm(district=compact[0][:_NATIONAL])
    return form if all(form.is_territorial(code) for code in compact) else None


def compacted(code: str) -> str:
    """Without the spaces and dashes of the printed form."""
    return re.sub(r"[\s-]", "", code)


def tidied(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Lists where a table could only hold text: 马窖,马滘 are two aliases."""
    tidy = dict(properties)
    for key in ("aliases", "sensitive_flags", "responsible", "rules"):
        said = tidy.get(key)
        if isinstance(said, str):
            words = [_clean(word.strip()) for word in _BETWEEN.split(said)]
            tidy[key] = [word for word in words if word]
    return {key: value for key, value in tidy.items() if value is not None}


def _clean(text: str) -> str:
    """Without halves of characters, which no file can be written with."""
    return text.encode("utf-8", errors="replace").decode("utf-8")
