"""What may stand in a template's slots: values from lists, never free text."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ground_station.legal import Allows, LegalBook
from ground_station.templates import SlotValue, Template
from patrol.errors import ConfigError, Refused

SLOT_LISTS_FILE = Path(__file__).parents[1] / "data" / "slot_lists.json"
COMMUNITY, ORDER_NO = "社区", "文号"  # these two are looked up, not listed in the file


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotLists:
    """Values by the slot's Chinese name, with the list's version and approver."""

    version: str
    approver: str
    values: Mapping[str, tuple[SlotValue, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotPlace:
    """Where and when the words are for, as far as lists depend on it."""

    communities: Sequence[str]  # the grid's own first
    orders: Sequence[str]  # numbers of the orders in force there and then


def choices(template: Template, lists: SlotLists, place: SlotPlace) -> dict[str, list[SlotValue]]:
    """What may be picked for each slot of a template; an empty list says that nothing may."""
    return {slot.zh: _for(slot.zh, lists, place) for slot in template.slots}


def pick(
    template: Template, picked: Mapping[str, str], lists: SlotLists, place: SlotPlace
) -> dict[str, SlotValue]:
    """The values of the slots by their Chinese text; Refused for one that is on no list."""
    offered = choices(template, lists, place)
    unknown = sorted(set(picked) - set(offered))
    if unknown:
        raise Refused(
            f"template {template.template_id} has no slot {', '.join(unknown)}",
            text_zh=f"模板{template.template_id}没有填空项{'、'.join(unknown)}",
        )
    values = {}
    for name, text in picked.items():
        value = next((one for one in offered[name] if one.zh == text), None)
        if value is None:
            known = "、".join(one.zh for one in offered[name])
            raise Refused(
                f"{text!r} is not on the list for {name}; it has {known or 'nothing'}",
                text_zh=f"“{text}”不在“{name}”的清单中；清单有：{known or '无'}",
            )
        values[name] = value
    return values


def orders_in_force(
    legal: LegalBook, *, grid_code: str | None, at_utc: datetime, is_exercise: bool
) -> list[str]:
    """Document numbers of the orders against gatherings that hold there and then."""
    return [
        basis.doc_no
        for basis in legal
        if Allows.GATHERING_ORDER in basis.allows
        and basis.covers(grid_code=grid_code, at_utc=at_utc, is_exercise=is_exercise)
    ]


def read_slot_lists(path: Path = SLOT_LISTS_FILE) -> SlotLists:
    """Read the lists; ConfigError says what is wrong with them."""
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
        return SlotLists(
            version=str(body["version"]),
            approver=str(body["approver"]),
            values={
                str(name): tuple(SlotValue(zh=str(row["zh"]), en=str(row["en"])) for row in rows)
                for name, rows in body["lists"].items()
            },
        )
    except OSError as error:
        raise ConfigError(f"the slot lists cannot be read: {path}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(f"not a file of slot lists: {path}: {error!r}") from error


def _for(name: str, lists: SlotLists, place: SlotPlace) -> list[SlotValue]:
    if name == COMMUNITY:
        return [SlotValue(zh=text, en=text) for text in place.communities]
    if name == ORDER_NO:
        return [SlotValue(zh=text, en=text) for text in place.orders]
    return list(lists.values.get(name, ()))
