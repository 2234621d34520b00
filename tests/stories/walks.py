"""Random walks through the tables of states: who may do what, tried by everybody at any time."""

from __future__ import annotations

import enum
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from hypothesis import strategies as st

from ground_station.transitions import Machine
from patrol.cause import Cause, Role
from patrol.errors import Refused
from tests.ground_core import A_DEPARTMENT, DISTRICT, MORNING, holding

R = TypeVar("R")
PEOPLE = ("Guo", "Ma", "Xu", "Lin", "")  # and somebody without a name
AFTER = timedelta(hours=1)  # what the records begin with lies before it
LONGEST_S = 7200


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """Somebody tries something, so many seconds later."""

    event: int  # of the machine's, by its number; when lawful, of those that are possible now
    cause: Cause
    after_s: int
    has_words: bool
    is_lawful: bool  # asked as the table wants it: an event of this state, under a role of its row


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject(Generic[R]):
    """One kind of record: how it begins, how it is moved, what must hold after every move."""

    events: tuple[enum.Enum, ...]
    machine: Machine[Any, Any] | None
    start: Callable[[bool], R]  # an exercise's or a live one
    move: Callable[[R, Any, Cause, datetime, str], R]
    holds: Callable[[R, R, Any, Cause], None]  # before, after, by which event, by whom


tries = st.builds(
    Try,
    event=st.integers(min_value=0, max_value=999),
    cause=st.builds(
        Cause,
        actor=st.sampled_from(PEOPLE),
        role=st.sampled_from(list(Role)),
        is_automatic=st.booleans(),
        held_for=st.sampled_from((DISTRICT, A_DEPARTMENT, "")),
    ),
    after_s=st.integers(min_value=0, max_value=LONGEST_S),
    has_words=st.booleans(),
    is_lawful=st.booleans(),
)


def drawn(chooser: random.Random) -> Try:
    """A lawful try, the same ones for the same seed."""
    cause = Cause(actor=chooser.choice(PEOPLE[:2]), role=Role.NONE)
    return Try(
        event=chooser.randrange(1000), cause=cause, after_s=chooser.randrange(600),
        has_words=chooser.random() < 0.9, is_lawful=True,
    )  # fmt: skip


def walk(subject: Subject[R], steps: Iterable[Try], *, is_exercise: bool) -> list[R]:
    """Everybody tries; what is refused changes nothing, what is done keeps what must hold.

    Every form that the record took, the first one included.
    """
    record, now = subject.start(is_exercise), MORNING + AFTER
    forms = [record]
    for one in steps:
        now += timedelta(seconds=one.after_s)
        event, cause = _asked(subject, record, one)
        before = repr(record)
        moved = _tried(subject, record, event, cause, now, "because" * one.has_words)
        assert repr(record) == before, "records are never changed in place"
        if isinstance(moved, Refused):
            assert " " in str(moved), "a refusal is a sentence"
            continue
        _was_let(subject, record, moved, event, cause, is_exercise=is_exercise)
        subject.holds(record, moved, event, cause)
        record = moved
        forms.append(record)
    return forms


def _asked(subject: Subject[R], record: Any, one: Try) -> tuple[Any, Cause]:
    machine = subject.machine
    possible = machine.possible(record.state) if machine is not None else ()
    if machine is None or not one.is_lawful or not possible:
        return subject.events[one.event % len(subject.events)], one.cause
    if one.after_s % 2:  # half of them lead on: else notes would be most of what happens
        possible = _leading(machine, record.state) or possible
    event = possible[one.event % len(possible)]
    roles = machine.roles(event)
    role = roles[one.event // len(possible) % len(roles)]
    return event, holding(one.cause.actor, role)


def _leading(machine: Machine[Any, Any], state: enum.Enum) -> tuple[Any, ...]:
    """The events of a state that end in another one."""
    return tuple(
        row.event for row in machine._steps if state in row.sources and row.target is not state
    )


def _tried(
    subject: Subject[R], record: R, event: Any, cause: Cause, now: datetime, words: str
) -> R | Refused:
    try:
        return subject.move(record, event, cause, now, words)
    except Refused as refusal:
        return refusal


def _was_let(
    subject: Subject[R], before: Any, after: Any, event: Any, cause: Cause, *, is_exercise: bool
) -> None:
    """A named actor of a role that the table names; automatic persons in exercises alone."""
    assert cause.actor
    assert is_exercise or not cause.is_automatic or cause.role is Role.SYSTEM
    assert after.is_exercise == before.is_exercise == is_exercise
    if subject.machine is not None:
        assert event in subject.machine.possible(before.state)
