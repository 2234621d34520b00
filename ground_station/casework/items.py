"""The item list (事项清单): which kinds of cases there are, and how grave each is to begin with."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from ground_station.casework.states import Severity
from patrol.errors import ConfigError, Refused

ITEM_LIST_FILE = Path(__file__).parents[1] / "data" / "item_list.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One kind of case."""

    code: str
    zh: str
    en: str
    severity: Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemList:
    """A version of the list, with the one who approved it."""

    version: str
    approver: str
    items: tuple[Item, ...]

    def get(self, code: str) -> Item:
        """The item of a code; Refused with the known ones."""
        for item in self.items:
            if item.code == code:
                return item
        known = ", ".join(item.code for item in self.items)
        known_zh = "、".join(f"{item.zh}（{item.code}）" for item in self.items)
        raise Refused(
            f"{code} is not on the item list {self.version}; it has {known}",
            text_zh=f"{code}不在事项清单{self.version}中；清单有：{known_zh}",
        )


def read_items(path: Path = ITEM_LIST_FILE) -> ItemList:
    """Read an item list; ConfigError says what is wrong with it."""
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
        items = tuple(
            Item(
                code=str(row["code"]),
                zh=str(row["zh"]),
                en=str(row["en"]),
                severity=Severity(row["severity"]),
            )
            for row in body["items"]
        )
        found = ItemList(version=str(body["version"]), approver=str(body["approver"]), items=items)
    except OSError as error:
        raise ConfigError(f"the item list cannot be read: {path}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"not an item list: {path}: {error!r}") from error
    if len({item.code for item in items}) != len(items):
        raise ConfigError(f"the item list has a code twice: {path}")
    return found
