"""Asks turned wrong: by the wrong person, of another's record, with a body that is none."""

from __future__ import annotations

from typing import Any

from patrol.cause import Role
from tests.stories.walk_asks import Dice
from tests.stories.walk_house import NOBODY, PEOPLE, TABLES, Ask, Kept

_EVENTS = (
    "verify", "close", "close_record", "file", "merge", "suspend", "publish", "review", "approve",
    "retire", "fly", "reply", "sign", "acknowledge", "announce", "somersault", "", "../../audit",
)  # fmt: skip
_VALUES: tuple[Any, ...] = (
    None, "", " ", "x" * 5000, -1, 10**30, 0.5, True, [], {}, ["HJ0"], "\u0000", "演练",
    "2199-12-31T23:59:59Z", "0001-01-01T00:00:00Z", {"lat_deg": 91.0, "lon_deg": 0.0},
)  # fmt: skip
_IDS = ("HJ0", "A-9", "B-20261124-0001", "M-1-S01", "%F0%9F%9A%81", "T99-v1", "1;DROP TABLE cases")
_BODIES: tuple[Any, ...] = (None, [], "role", 7, [{"role": "DISP"}], {}, {"": ""})


def spoiled(ask: Ask, kept: Kept, dice: Dice) -> Ask:
    """The same ask with one thing wrong, or two."""
    for _ in range(dice.of((1, 1, 2))):
        ask = dice.of((_by_another, _of_another, _with_a_value, _with_a_body, _with_a_role,
                       _with_an_event, _without_a_field))(ask, kept, dice)  # fmt: skip
    return ask


def _by_another(ask: Ask, kept: Kept, dice: Dice) -> Ask:
    return Ask(person=dice.of((*sorted(PEOPLE), NOBODY)), path=ask.path, body=ask.body)


def _of_another(ask: Ask, kept: Kept, dice: Dice) -> Ask:
    """Of a record of another kind or state, or of none."""
    parts = ask.path.split("/")
    if len(parts) > 2:
        names = [name for table in TABLES for name in sorted(kept.records[table])]
        parts[2] = dice.of((*names, *_IDS))
    return Ask(person=ask.person, path="/".join(parts), body=ask.body)


def _with_a_value(ask: Ask, kept: Kept, dice: Dice) -> Ask:
    if not isinstance(ask.body, dict):
        return ask
    key = dice.of((*ask.body, "role", "reason", "is_exercise"))
    return Ask(person=ask.person, path=ask.path, body=ask.body | {key: dice.of(_VALUES)})


def _without_a_field(ask: Ask, kept: Kept, dice: Dice) -> Ask:
    if not isinstance(ask.body, dict) or not ask.body:
        return ask
    key = dice.of(sorted(ask.body))
    left = {name: value for name, value in ask.body.items() if name != key}
    return Ask(person=ask.person, path=ask.path, body=left)


def _with_a_body(ask: Ask, kept: Kept, dice: Dice) -> Ask:
    return Ask(person=ask.person, path=ask.path, body=dice.of(_BODIES))


def _with_a_role(ask: Ask, kept: Kept, dice: Dice) -> Ask:
    body = ask.body if isinstance(ask.body, dict) else {}
    role = dice.of(list(Role)).value
    return Ask(person=ask.person, path=ask.path, body=body | {"role": role})


def _with_an_event(ask: Ask, kept: Kept, dice: Dice) -> Ask:
    path, _, _ = ask.path.rpartition("/")
    return Ask(person=ask.person, path=f"{path}/{dice.of(_EVENTS)}", body=ask.body)
