"""A state machine as a table: who may do what from which state."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from ground_station.record_words import NOUNS_ZH, value_zh
from patrol.cause import Cause, Role
from patrol.errors import NotPermitted, Refused

S = TypeVar("S", bound=enum.Enum)
E = TypeVar("E", bound=enum.Enum)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step(Generic[S, E]):
    """One row of the table."""

    event: E
    sources: tuple[S, ...]
    target: S
    roles: tuple[Role, ...]
    needs_reason: bool = False


class Machine(Generic[S, E]):
    """The rows of one kind of record; it answers which row applies or says why none does."""

    def __init__(self, noun: str, steps: Sequence[Step[S, E]]) -> None:
        self._noun = noun
        self._steps = tuple(steps)

    def possible(self, state: S) -> tuple[E, ...]:
        """The events that some role may cause in this state."""
        return tuple(dict.fromkeys(step.event for step in self._steps if state in step.sources))

    def roles(self, event: E) -> tuple[Role, ...]:
        """Everybody who may cause the event in some state."""
        named = (role for step in self._steps if step.event is event for role in step.roles)
        return tuple(dict.fromkeys(named))

    def step(
        self,
        *,
        record_id: str,
        state: S,
        event: E,
        cause: Cause,
        is_exercise: bool,
        reason: str = "",
        extra_roles: tuple[Role, ...] = (),
    ) -> Step[S, E]:
        """The row that applies; Refused says what is possible instead, NotPermitted the role."""
        name = f"{self._noun} {record_id}"
        name_zh = f"{NOUNS_ZH.get(self._noun, self._noun)}{record_id}"
        rows = [row for row in self._steps if row.event is event and state in row.sources]
        if not rows:
            raise self._not_from_here(name, name_zh, state, event)
        roles = tuple(dict.fromkeys(role for row in rows for role in row.roles)) + extra_roles
        require_role(cause, roles)
        require_person_or_exercise(
            cause,
            is_exercise=is_exercise,
            what=f"{event.value} {name}",
            what_zh=f"{value_zh(event)}{name_zh}",
        )
        row = next((row for row in rows if cause.role in row.roles), rows[0])
        if row.needs_reason and not reason.strip():
            raise Refused(
                f"{name}: {event.value} needs a reason in words",
                text_zh=f"{name_zh}：{value_zh(event)}须写明原因",
            )
        return row

    def _not_from_here(self, name: str, name_zh: str, state: S, event: E) -> Refused:
        """Says what is possible instead."""
        possible = self.possible(state)
        words = ", ".join(str(item.value) for item in possible) or "nothing"
        words_zh = "、".join(value_zh(item) for item in possible) or "无"
        return Refused(
            f"{name} is {state.value}: {event.value} is not possible; possible here: {words}",
            text_zh=f"{name_zh}为“{value_zh(state)}”，不能{value_zh(event)}；现在可以：{words_zh}",
        )


def require_role(cause: Cause, roles: Sequence[Role]) -> None:
    """NotPermitted, naming the roles, unless the cause acts under one of them."""
    if cause.role not in roles:
        raise NotPermitted(cause.actor or "nobody", " or ".join(role.value for role in roles))


def require_person_or_exercise(
    cause: Cause, *, is_exercise: bool, what: str, what_zh: str = ""
) -> None:
    """Refuse an unnamed actor, and a named auto-operator outside an exercise (DOMAIN I5)."""
    what_zh = what_zh or what
    if not cause.actor.strip():
        raise Refused(
            f"{what}: the name of the person is missing", text_zh=f"{what_zh}：缺少人员姓名"
        )
    if cause.is_automatic and cause.role is not Role.SYSTEM and not is_exercise:
        raise Refused(
            f"{what}: an automatic operator may act only in an exercise",
            text_zh=f"{what_zh}：自动操作员只能在演练中操作",
        )
