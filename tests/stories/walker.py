"""One walk through a house: presses, one after the other or at once, and what holds after each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import httpx

from tests.stories.walk_asks import AT_THE_CENTRE, Dice
from tests.stories.walk_holds import (
    all_holds,
    chain_holds,
    nothing_changed,
    other_parts_see_nothing,
    shift_log_leaves_nothing_out,
    was_let,
    was_refused,
)
from tests.stories.walk_house import Ask, Kept, WalkHouse
from tests.stories.walk_squad_asks import OF_THE_SQUAD

SELDOM = 8
Choice = Callable[[WalkHouse, Kept, Dice], Ask]
EVERY_CHOICE: tuple[Choice, ...] = (*AT_THE_CENTRE, *OF_THE_SQUAD)


class Walker:
    """Remembers the house as it was before the next press."""

    def __init__(self, house: WalkHouse) -> None:
        self.house = house
        self.before = self._verified = house.kept()
        self._looks = 0
        self.answered: Counter[str] = Counter()  # "done" and "refused"
        self.reached: set[tuple[str, str]] = set()  # table and state

    def chosen(self, choices: Sequence[Choice], dice: Dice) -> Ask:
        """Something that may be pressed as things stand."""
        return dice.of(choices)(self.house, self.before, dice)

    def press(self, *asks: Ask) -> None:
        """All of them at once. A no changes nothing; what is done is in the chain."""
        answers = self.house.ask(asks)
        now = self.house.kept()
        for ask, answer in zip(asks, answers, strict=True):
            self._note(ask, answer)
            if not was_refused(answer):
                was_let(self.before, now, ask)
        if not any(answer.is_success for answer in answers):
            nothing_changed(self.before, now, answers)
        self.look()

    def press_twice(self, ask: Ask) -> None:
        """One ask arrives twice under its key: it is done once, and answered the same."""
        key = f"key-{len(self.before.audit)}"
        (first,) = self.house.ask([ask], key)
        self._note(ask, first)
        done = self.house.kept()
        (second,) = self.house.ask([ask], key)
        was_refused(first)
        was_refused(second)
        if first.is_success:
            assert (second.status_code, second.json()) == (first.status_code, first.json())
            nothing_changed(done, self.house.kept(), [second])
        self.look()

    def look(self) -> None:
        """Everything holds, once what was set going has come to rest."""
        self.house.rest()
        now = self.house.kept()
        all_holds(self.house, self.before, now)
        for table, rows in now.records.items():
            self.reached |= {(table, row["state"]) for row in rows.values()}
        self.before = now
        self._looks += 1
        if self._looks % SELDOM == 0:
            self.look_closely()

    def look_closely(self) -> None:
        """What takes longer: the whole chain, and what others may see."""
        chain_holds(self.house, self._verified)
        other_parts_see_nothing(self.house, self.before)
        shift_log_leaves_nothing_out(self.house, self.before)
        self._verified = self.before

    def _note(self, ask: Ask, answer: httpx.Response) -> None:
        self.house.note(ask, answer)
        self.answered["done" if answer.is_success else "refused"] += 1
