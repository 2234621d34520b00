"""What a report says, before it is HTML or PDF: facts, tables and pictures."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from ground_station.alerts import Outcome
from ground_station.announcements import Announcement
from ground_station.out.book import (
    Audience,
    DayBook,
    Language,
    SortiePages,
    Visit,
    state_zh,
    told_count,
)
from ground_station.out.drawing import draw_effect, draw_map, effect_title
from ground_station.out.wording import word
from ground_station.sorties import WindSeen
from patrol.clock import SHANGHAI
from patrol.geo import GeoPoint
from patrol.sighting import Count


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows under headings; every row is as long as the headings."""

    title: str
    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def __post_init__(self) -> None:
        """Refuse a row of another length (ValueError)."""
        if any(len(row) != len(self.headers) for row in self.rows):
            raise ValueError(f"a row of {self.title} does not fit its headings")


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A picture with its caption."""

    title: str
    svg: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything in the order in which it is read."""

    title: str
    marks: tuple[str, ...]  # exercise, public
    made: str
    language: Language
    facts: tuple[tuple[str, str], ...]
    parts: tuple[Table | Figure, ...]
    note: str


Outlines = Mapping[str, Sequence[GeoPoint]]


def sortie_report(
    pages: SortiePages,
    *,
    outlines: Outlines,
    language: Language,
    audience: Audience,
    made_utc: datetime,
) -> Report:
    """The report of one sortie. The public gets no names and no places of crowds."""
    record = pages.record
    return Report(
        title=f"{word('title', language)} {record.sortie_id}",
        marks=_marks(is_exercise=record.is_exercise, audience=audience, language=language),
        made=_time(made_utc, language),
        language=language,
        facts=_facts(pages, language, audience),
        parts=tuple(_sortie_parts(pages, outlines, language, audience)),
        note=word("verdict note", language),
    )


def day_report(
    book: DayBook,
    *,
    outlines: Outlines,
    language: Language,
    audience: Audience,
    made_utc: datetime,
) -> Report:
    """The report of a day: what was visited, what was not, and each sortie."""
    counted = {visit: sum(v.visit is visit for v in book.visits) for visit in Visit}
    total = len(book.visits)
    of_all = f"{counted[Visit.VISITED]} {word('of', language)} {total}"
    facts = (
        (word("day", language), book.day.isoformat()),
        (word("scope", language), book.scope),
        (word("register", language), book.register_version),
        (word("sorties", language), str(len(book.sorties))),
        (word("wind", language), _day_wind(book, language)),
        (word("visited", language), of_all),
        (word("partly", language), str(counted[Visit.PARTLY])),
        (word("not visited", language), str(counted[Visit.NOT_VISITED])),
    )
    parts: list[Table | Figure] = []
    for pages in book.sorties:
        parts += _sortie_parts(pages, outlines, language, audience)
    parts += _coverage(book, language)
    return Report(
        title=f"{word('day title', language)} {book.day.isoformat()}",
        marks=_marks(is_exercise=book.is_exercise, audience=audience, language=language),
        made=_time(made_utc, language),
        language=language,
        facts=facts,
        parts=tuple(parts),
        note=word("verdict note", language),
    )


def _marks(*, is_exercise: bool, audience: Audience, language: Language) -> tuple[str, ...]:
    marks = [word("exercise", language)] if is_exercise else []
    if audience is Audience.PUBLIC:
        marks.append(word("public", language))
    return tuple(marks)


def _facts(
    pages: SortiePages, language: Language, audience: Audience
) -> tuple[tuple[str, str], ...]:
    record, none = pages.record, word("none", language)
    highest = pages.max_height_above_home_m
    facts = [
        (word("sortie", language), record.sortie_id),
        (word("grid", language), f"{record.grid_name} {record.grid_code}"),
        (word("register", language), record.register_version),
        (word("aircraft", language), record.vehicle_id),
        (
            word("state", language),
            state_zh(record.state) if language is Language.ZH else record.state.value,
        ),
        (word("takeoff", language), _time(record.takeoff_utc, language)),
        (word("landed", language), _time(record.landed_utc, language)),
        (word("flown", language), f"{pages.flown_share:.0%}"),
        (word("highest", language), none if highest is None else f"{highest:.0f} m"),
        (word("wind", language), _wind(record.wind, language)),
    ]
    if audience is Audience.INTERNAL:
        names = ", ".join(f"{one.role.value} {one.person}" for one in record.signatures)
        facts += [
            (word("abnormal", language), "; ".join(record.abnormal) or none),
            (word("crew", language), names or none),
            (word("plan", language), record.plan_digest[:16]),
        ]
        if record.continues:
            facts.append((word("continues", language), record.continues))
    return tuple(facts)


def _wind(wind: WindSeen | None, language: Language) -> str:
    if wind is None:
        return word("no wind", language)
    mean, most = word("wind mean", language), word("wind most", language)
    return f"{mean} {wind.mean_m_s:.1f} m/s, {most} {wind.max_m_s:.1f} m/s"


def _day_wind(book: DayBook, language: Language) -> str:
    """The strongest of the day, with the sortie that flew in it."""
    told = [(one.record.wind, one.record.sortie_id) for one in book.sorties if one.record.wind]
    if not told:
        return word("no wind", language)
    most, sortie_id = max((wind.max_m_s, sortie_id) for wind, sortie_id in told)
    return f"{word('wind most', language)} {most:.1f} m/s ({sortie_id})"


def _sortie_parts(
    pages: SortiePages, outlines: Outlines, language: Language, audience: Audience
) -> list[Table | Figure]:
    record = pages.record
    is_internal = audience is Audience.INTERNAL
    outline = outlines.get(record.grid_code, ())
    drawn = draw_map(pages, outline, language, is_public=not is_internal)
    parts: list[Table | Figure] = [
        Figure(title=f"{word('map', language)} {record.sortie_id}", svg=drawn)
    ]
    if pages.alerts:
        parts.append(_alerts(pages, language, audience))
    if pages.announcements:
        parts.append(_announcements(pages, language, audience))
    if is_internal:
        parts += [
            Figure(
                title=f"{effect_title(effect, language)} {effect.alert_id}",
                svg=draw_effect(effect, language),
            )
            for effect in pages.effects
        ]
    if pages.cases:
        parts.append(_cases(pages, language, audience))
    return parts


def _alerts(pages: SortiePages, language: Language, audience: Audience) -> Table:
    keys = ("no", "alert", "raised", "people", "outcome", "case")
    rows = [
        (
            str(number),
            alert.alert_id,
            _time(alert.raised_utc, language),
            _people(alert.count, language, audience),
            _outcome(alert.outcome, language),
            alert.case_no or word("none", language),
        )
        for number, alert in enumerate(pages.alerts, 1)
    ]
    # Numbers lead into the district's own records.
    hidden = () if audience is Audience.INTERNAL else ("alert", "case")
    kept = [index for index, key in enumerate(keys) if key not in hidden]
    return Table(
        title=f"{word('alerts', language)} {pages.record.sortie_id}",
        headers=tuple(word(keys[index], language) for index in kept),
        rows=tuple(tuple(row[index] for index in kept) for row in rows),
    )


def _announcements(pages: SortiePages, language: Language, audience: Audience) -> Table:
    keys = ("template", "takeoff_time", "text", "state", "released", "audio")
    rows = [
        (
            said.template_id,
            _time(said.started_utc or said.created_utc, language),
            _told_words(said, language, audience),
            word(said.state.value, language),
            said.released_by or word("none", language),
            said.audio_sha256[:12] or word("none", language),
        )
        for said in pages.announcements
    ]
    names = [word("raised" if key == "takeoff_time" else key, language) for key in keys]
    kept = len(keys) if audience is Audience.INTERNAL else 4
    return Table(
        title=f"{word('words', language)} {pages.record.sortie_id}",
        headers=tuple(names[:kept]),
        rows=tuple(row[:kept] for row in rows),
    )


def _told_words(said: Announcement, language: Language, audience: Audience) -> str:
    """Approved words are anybody's; what somebody typed in the moment may name a person."""
    is_template = re.fullmatch(r"T\d\d", said.template_id) is not None
    return said.text if is_template or audience is Audience.INTERNAL else word("typed", language)


def _cases(pages: SortiePages, language: Language, audience: Audience) -> Table:
    keys = ("people", "state", "case", "owner", "due")
    rows = [
        (
            _people(case.count, language, audience),
            case.state.zh if language is Language.ZH else case.state.value,
            case.case_no,
            f"{case.owner.unit} {case.owner.person}",
            _time(case.due_utc, language),
        )
        for case in pages.cases
    ]
    kept = len(keys) if audience is Audience.INTERNAL else 2
    return Table(
        title=f"{word('cases', language)} {pages.record.sortie_id}",
        headers=tuple(word(key, language) for key in keys[:kept]),
        rows=tuple(row[:kept] for row in rows),
    )


def _coverage(book: DayBook, language: Language) -> list[Table | Figure]:
    tables: list[Table | Figure] = []
    for visit, key in (
        (Visit.NOT_VISITED, "not visited"),
        (Visit.PARTLY, "partly"),
        (Visit.VISITED, "visited"),
    ):
        rows = tuple(
            (v.code, v.name, f"{v.flown_share:.0%}") for v in book.visits if v.visit is visit
        )
        tables.append(
            Table(
                title=f"{word(key, language)} ({len(rows)})",
                headers=(
                    word("coverage", language),
                    word("grid", language),
                    word("flown", language),
                ),
                rows=rows,
            )
        )
    return tables


def _people(count: Count, language: Language, audience: Audience) -> str:
    if not count.is_valid:
        return word("not counted", language)
    if audience is Audience.PUBLIC:
        return told_count(count.estimate, audience)
    return f"{count.estimate:.0f} ({count.low:.0f}–{count.high:.0f})"


def _outcome(outcome: Outcome | None, language: Language) -> str:
    return word(outcome.value if outcome else "not judged", language)


def _time(moment: datetime | None, language: Language) -> str:
    if moment is None:
        return word("none", language)
    return moment.astimezone(SHANGHAI).isoformat(sep=" ", timespec="seconds")
