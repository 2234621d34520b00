"""Sightings under the registrar's word, of which no alert was made and of which one was."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from ground_station.casework.sightings import (
    SIGHTING_MACHINE,
    Given,
    Seen,
    SightingEvent,
    SightingState,
    review,
)
from patrol.cause import Cause, Role
from tests.ground_core import MORNING, a_sighting, an_alert
from tests.stories.walks import AFTER, Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewed:
    """A sighting and when it was last looked at: where it stands depends on the clock too."""

    seen: Seen
    at_utc: datetime

    @property
    def state(self) -> SightingState:
        """As the desk reads it."""
        return self.seen.state_at(self.at_utc)

    @property
    def is_exercise(self) -> bool:
        """Whose space it is of."""
        return self.seen.is_exercise


def _begun(is_exercise: bool, *, has_alert: bool) -> Reviewed:
    at_utc = MORNING + AFTER
    sighting = replace(a_sighting(), time_utc=at_utc)
    alert = an_alert() if has_alert else None
    seen = Seen(sighting=sighting, review=None, alert=alert, is_exercise=is_exercise)
    return Reviewed(seen=seen, at_utc=at_utc)


def _move(one: Reviewed, event: SightingEvent, cause: Cause, at: datetime, words: str) -> Reviewed:
    people = at.second - 5 if at.second % 2 else None  # below nobody at times
    word = review(one.seen, event, cause, at, Given(people=people, note=words))
    return Reviewed(seen=replace(one.seen, review=word), at_utc=at)


def _holds(before: Reviewed, after: Reviewed, event: SightingEvent, cause: Cause) -> None:
    word = after.seen.review
    assert word is not None
    assert (word.reviewed_by, cause.role) == (cause.actor, Role.REGISTRAR)
    assert after.seen.sighting == before.seen.sighting, "what the eye saw stays beside the word"
    assert 0 <= word.count.low <= word.count.estimate <= word.count.high  # I13
    if before.seen.review is None:
        assert before.state is SightingState.CANDIDATE, "what is invalid or expired stays so"
    if after.seen.alert is not None:
        assert after.state is SightingState.LINKED, "an alert is dismissed as such, not from below"
        assert word.alert_id == after.seen.alert.alert_id
    if event is SightingEvent.DISMISS:
        assert word.note


SIGHTING, ALERTED_SIGHTING = (
    Subject(
        events=tuple(SightingEvent), machine=SIGHTING_MACHINE,
        start=partial(_begun, has_alert=has_alert), move=_move, holds=_holds,
    )
    for has_alert in (False, True)
)  # fmt: skip
