"""DOMAIN 5.5 through the doors that people use: many persons press what they may and may not.

`test_invariants.py` walks the tables of states; here the whole station stands behind its HTTP API,
with every desk, lock, store and live state between a press and what is kept of it. Held after each
step: I4 to I15 as far as records and API show them, R1 and R2, one chain, one history a case,
refusals that change nothing, and a live state that is the store's.
"""

from __future__ import annotations

import random
import tempfile
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from tests.stories.walk_asks import AT_THE_CENTRE, Dice
from tests.stories.walk_asks import case as case_ask
from tests.stories.walk_house import PEOPLE, Ask, walk_house
from tests.stories.walk_squad_asks import OF_THE_SQUAD
from tests.stories.walk_wrongs import spoiled
from tests.stories.walker import EVERY_CHOICE, Walker

pytestmark = pytest.mark.timeout(180)
WALKS, STEPS, LONG_WALK = 4, 20, 260
IN_A_ROW = 5
HIGHEST = 997
PASSING_S = (20.0, 60.0, 400.0, 2000.0, 30_000.0, 200_000.0)
SEEN_S, CROWDS = 40.0, (0, 5, 24, 36)
FEWEST_STATES = 34
MOVED = (
    "alerts", "announcements", "cases", "citizen_reports", "dispatches", "notices", "sorties",
    "template_versions", "whistles",
)  # fmt: skip
dice = st.lists(st.integers(min_value=0, max_value=HIGHEST), min_size=8, max_size=8)


class WalkOfTheApi(RuleBasedStateMachine):
    """One house; every rule ends with everything that must hold."""

    def __init__(self) -> None:
        super().__init__()
        self._open = ExitStack()
        folder = self._open.enter_context(tempfile.TemporaryDirectory())
        self._walker = Walker(self._open.enter_context(walk_house(Path(folder))))

    def teardown(self) -> None:
        with self._open:
            self._walker.look_closely()

    @initialize(crowd=st.sampled_from(CROWDS))
    def a_patrol_is_in_the_air(self, crowd: int) -> None:
        self._walker.house.patrol()
        self._walker.house.see(crowd, SEEN_S)
        self._walker.look()

    @rule(numbers=dice)
    def somebody_at_the_centre_presses(self, numbers: list[int]) -> None:
        self._walker.press(self._walker.chosen(AT_THE_CENTRE, Dice(numbers)))

    @rule(numbers=dice)
    def somebody_of_the_squad_presses(self, numbers: list[int]) -> None:
        self._walker.press(self._walker.chosen(OF_THE_SQUAD, Dice(numbers)))

    @rule(numbers=dice)
    def a_case_is_worked_on(self, numbers: list[int]) -> None:
        """A few steps in a row, so that some come to their end."""
        for number in range(IN_A_ROW):
            thrown = Dice([one + number for one in numbers])
            self._walker.press(case_ask(self._walker.house, self._walker.before, thrown))

    @rule(numbers=dice, wrong=dice)
    def somebody_presses_what_is_wrong(self, numbers: list[int], wrong: list[int]) -> None:
        ask = self._walker.chosen(EVERY_CHOICE, Dice(numbers))
        self._walker.press(spoiled(ask, self._walker.before, Dice(wrong)))

    @rule(numbers=dice, other=st.sampled_from(sorted(PEOPLE)))
    def two_press_at_once(self, numbers: list[int], other: str) -> None:
        """One after the other or not at all: never halves of both."""
        ask = self._walker.chosen(EVERY_CHOICE, Dice(numbers))
        self._walker.press(ask, Ask(person=other, path=ask.path, body=ask.body))

    @rule(numbers=dice)
    def a_press_arrives_twice(self, numbers: list[int]) -> None:
        self._walker.press_twice(self._walker.chosen(EVERY_CHOICE, Dice(numbers)))

    @rule(after_s=st.sampled_from(PASSING_S))
    def time_passes(self, after_s: float) -> None:
        self._walker.house.go_on(after_s)
        self._walker.look()

    @rule(people=st.sampled_from(CROWDS))
    def the_camera_sees(self, people: int) -> None:
        self._walker.house.see(people, SEEN_S)
        self._walker.look()


def test_whoever_presses_what_through_the_api_what_must_hold_holds() -> None:
    run_state_machine_as_test(
        WalkOfTheApi,
        settings=settings(
            max_examples=WALKS, stateful_step_count=STEPS, deadline=None,
            suppress_health_check=list(HealthCheck),
            # A house takes a second to build: a walk that fails is told as it was, not shortened.
            phases=(Phase.generate,),
        ),
    )  # fmt: skip


def test_a_long_walk_comes_to_most_states_of_every_record(tmp_path: Path) -> None:
    """Else what must hold would hold because nothing ever happens."""
    chooser = random.Random(8)  # noqa: S311  # the same walk again, nothing secret
    with walk_house(tmp_path) as house:
        walker = Walker(house)
        house.patrol()
        for _ in range(LONG_WALK):
            thrown = Dice([chooser.randrange(HIGHEST) for _ in range(8)])
            match chooser.randrange(12):
                case 0:
                    house.go_on(chooser.choice(PASSING_S[:4]))
                    walker.look()
                case 1:
                    house.see(24, SEEN_S)
                    walker.look()
                case _:
                    walker.press(walker.chosen(EVERY_CHOICE, thrown))
        walker.look_closely()
    for table in MOVED:
        states = {state for of, state in walker.reached if of == table}
        assert len(states) >= 2, (table, states)
    assert len(walker.reached) >= FEWEST_STATES, sorted(walker.reached)
    assert min(walker.answered["done"], walker.answered["refused"]) > LONG_WALK / 4
