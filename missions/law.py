"""The law that a patrol is cleared by, read once from its data and checked; it decides nothing.

Articles, numbers and rules stand in `missions/data/clearance_*.toml`, with a version and a source.
"""

from __future__ import annotations

import enum
import string
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, time
from functools import cache
from importlib.resources import files
from typing import Any

from patrol.errors import ConfigError


class Outcome(enum.Enum):
    """What a rule ends in; only a STOP forbids."""

    OK = "ok"
    NOTE = "note"
    WARN = "warn"
    STOP = "stop"
    NOT_NEEDED = "not_needed"


class AircraftClass(enum.Enum):
    """Art. 62."""

    MICRO = "MICRO"
    LIGHT = "LIGHT"
    SMALL = "SMALL"
    MEDIUM = "MEDIUM"
    LARGE = "LARGE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """One clause: how it is cited, in short and in full, and what it says."""

    key: str
    cite_zh: str
    cite_en: str
    full: str
    text: str
    text_zh: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Saying:
    """One sentence that a rule can end in; `{names}` are filled in by its check."""

    level: Outcome
    zh: str
    en: str
    in_exercise: Outcome | None = None  # what a stop is in an exercise; none: as the rule has it


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One row of the table. `classes` empty: all of them."""

    rule_id: str
    article: Article
    inputs: tuple[str, ...]
    question: str
    question_zh: str
    says: Mapping[str, Saying]
    classes: tuple[AircraftClass, ...] = ()
    in_exercise: Outcome | None = None  # what a stop is in an exercise; none: as its papers are
    if_commercial: bool = False  # holds for other classes too where the flight is commercial
    if_controlled: bool = False  # holds only in controlled airspace
    if_class_known: bool = False  # holds for no aircraft of which nobody knows the class
    if_permit: bool = False  # holds only where a permit is used


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassLimits:
    """What an aircraft of a class does not exceed; None: no limit."""

    kind: AircraftClass
    zh: str
    en: str
    empty_below_kg: float | None = None
    empty_max_kg: float | None = None
    takeoff_max_kg: float | None = None
    height_max_m: float | None = None
    speed_max_km_h: float | None = None
    needs_micro_power: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """The figures of the law and of the house; times of day in Shanghai."""

    apply_by: time
    decide_by: time
    file_plan_by: time
    report_before_s: float
    emergency_apply_before_s: float
    emergency_decide_before_s: float
    occurrence_within_s: float
    ceiling_agl_m: float
    standoff_min_m: float
    airspace_age_max_s: float
    quiet_from: time
    quiet_to: time
    retrofit_by: date


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetTitle:
    """One of the contents of an application, Art. 27."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Law:
    """All of it."""

    version: str
    source: str
    checked_on: date
    in_force: Mapping[str, date]  # by the name of each instrument
    articles: Mapping[str, Article]
    numbers: Numbers
    classes: tuple[ClassLimits, ...]  # the lightest first
    sheet: tuple[SheetTitle, ...]
    rules: tuple[Rule, ...]


@cache
def load_law() -> Law:
    """The law of this program, read once; ConfigError says what of it is wrong."""
    folder = files("missions") / "data"
    texts = [
        (folder / name).read_text(encoding="utf-8")
        for name in ("clearance_law.toml", "clearance_rules.toml")
    ]
    return read_law(*texts)


def read_law(law_text: str, rules_text: str) -> Law:
    """Law and rules from their TOML; ConfigError for what does not fit together."""
    try:
        body, rows = tomllib.loads(law_text), tomllib.loads(rules_text)["rule"]
        articles = {key: _article(key, given, body) for key, given in body["articles"].items()}
        rules = tuple(_rule(row, articles) for row in rows)
        names = [rule.rule_id for rule in rules]
        if len(set(names)) < len(names):
            raise ValueError("two rules have one id")
        return Law(
            version=str(body["version"]),
            source=str(body["source"]),
            checked_on=body["checked_on"],
            in_force={one["title_zh"]: one["in_force"] for one in body["sources"].values()},
            articles=articles,
            numbers=Numbers(**{one.name: body["numbers"][one.name] for one in fields(Numbers)}),
            classes=tuple(_class(row) for row in body["class"]),
            sheet=tuple(SheetTitle(**row) for row in body["sheet"]),
            rules=rules,
        )
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        raise ConfigError(
            f"the data of the law cannot be used: {error!r}", text_zh=f"法规数据有误：{error!r}"
        ) from error


def _article(key: str, given: Mapping[str, str], body: Mapping[str, Any]) -> Article:
    source = body["sources"][key.partition(".")[0]]
    number = key.partition(".")[2]
    cite_en = source["title_en"]
    if number and number[0].isdigit():
        cite_en = f"{cite_en}, Art. {number}"
    return Article(
        key=key, cite_zh=given["cite_zh"], cite_en=cite_en,
        full=f"{source['title_zh']}{given['full_zh']}", text=given["text_en"],
        text_zh=given["text_zh"],
    )  # fmt: skip


def _rule(row: dict[str, Any], articles: Mapping[str, Article]) -> Rule:
    says = {key: _saying(given) for key, given in row.pop("says").items()}
    in_exercise = row.pop("in_exercise", None)
    return Rule(
        rule_id=row.pop("id"),
        article=articles[row.pop("article")],
        inputs=tuple(row.pop("inputs")),
        says=says,
        classes=tuple(AircraftClass(name) for name in row.pop("classes", ())),
        in_exercise=None if in_exercise is None else Outcome(in_exercise),
        **row,
    )


def _saying(given: Mapping[str, str]) -> Saying:
    eased = given.get("in_exercise")
    said = Saying(
        level=Outcome(given["level"]), zh=given["zh"], en=given["en"],
        in_exercise=None if eased is None else Outcome(eased),
    )  # fmt: skip
    for text in (said.zh, said.en):
        list(string.Formatter().parse(text))  # a brace that is open is found now
    return said


def _class(row: dict[str, Any]) -> ClassLimits:
    return ClassLimits(kind=AircraftClass(row.pop("id")), **row)
