"""The table of rules held against the facts: every answer with its article, and what forbids.

A missing value is a STOP, never a pass. The law itself is data: see `missions.law`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from missions import clearance_checks as checks
from missions import clearance_paper_checks as papers
from missions.clearance_checks import Check, Said
from missions.clearance_facts import ClearanceFacts, class_of
from missions.deadlines import Deadline, Flight, deadlines
from missions.law import AircraftClass, Law, Outcome, Rule, Saying
from missions.papers import PermitKind
from missions.permits import kinds_in_hand
from patrol.plan import Finding, Level, stops

CHECKS: Mapping[str, Check] = {
    "papers": papers.papers,
    "art31.relay": checks.relay,
    "art31.dropping": checks.said_in_papers("drops_or_dangerous_goods", "31.2.2"),
    "art31.crowd": checks.crowd,
    "art31.vehicle": checks.said_in_papers("from_moving_vehicle", "31.2.4"),
    "art31.swarm": checks.said_in_papers("distributed_or_swarm", "31.2.5"),
    "class": papers.aircraft_class,
    "application": checks.heavy,
    "registration": papers.registration,
    "certificate": papers.certificate,
    "insurance": papers.insurance,
    "licence": papers.licence,
    "training": papers.training,
    "remote_id": papers.remote_id,
    "zones": checks.zones,
    "ceiling": checks.ceiling,
    "airspace_data": checks.airspace_data,
    "lights": checks.lights,
    "noise": checks.noise,
    "notice": papers.notice,
    "report": checks.report,
    "crew": checks.crew,
}
OF_GATE = "clearance."  # begins the code of each finding
_LEVELS = {Outcome.NOTE: Level.NOTE, Outcome.WARN: Level.WARN, Outcome.STOP: Level.STOP}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One row of the table, answered."""

    rule_id: str
    article: str
    question: str
    question_zh: str
    inputs: tuple[str, ...]
    outcome: Outcome
    is_yes: bool | None  # of Art. 31's five questions; null: not known, or another rule
    text: str
    text_zh: str
    source: str  # where the answer comes from
    source_zh: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Clearance:
    """What was asked, by which law and papers, and every answer."""

    plan_id: str
    plan_digest: str
    grid_code: str
    aircraft: str
    pilot: str
    asked_utc: datetime
    takeoff_utc: datetime
    landing_utc: datetime
    is_exercise: bool
    law_version: str
    law_source: str
    papers_sha256: str  # empty: none were given
    aircraft_class: AircraftClass | None
    takeoff_mass_kg: float | None
    is_permit_needed: bool
    permit_ids: tuple[str, ...]
    answers: tuple[Answer, ...]
    deadlines: tuple[Deadline, ...]
    findings: tuple[Finding, ...]

    @property
    def is_cleared(self) -> bool:
        """Whether nothing forbids it."""
        return not stops(self.findings)


def clear(facts: ClearanceFacts, law: Law, *, left_out: frozenset[str] = frozenset()) -> Clearance:
    """Every rule but those, in the table's order; KeyError for a rule that nothing decides."""
    rules = [rule for rule in law.rules if rule.rule_id not in left_out]
    facts, said = _asked(rules, facts, law)
    answers = tuple(_answer(rule, said.get(rule.rule_id), facts) for rule in rules)
    is_lacking = any(
        one is not None and one.key == "refused" and "apply_by" in one.values
        for one in said.values()
    )
    drone, plan = facts.aircraft, facts.plan
    return Clearance(
        plan_id=plan.plan_id,
        plan_digest=plan.digest,
        grid_code=plan.grid_code,
        aircraft=facts.aircraft_name,
        pilot=facts.pilot,
        asked_utc=facts.asked_utc,
        takeoff_utc=facts.takeoff_utc,
        landing_utc=facts.landing_utc,
        is_exercise=plan.is_exercise,
        law_version=law.version,
        law_source=law.source,
        papers_sha256=facts.papers.sha256 if facts.papers else "",
        aircraft_class=class_of(drone, law) if drone else None,
        takeoff_mass_kg=drone.takeoff_mass_kg if drone else None,
        is_permit_needed=is_lacking or bool(facts.used),
        permit_ids=facts.used,
        answers=answers,
        deadlines=_deadlines(facts, law, is_permit_lacking=is_lacking),
        findings=tuple(
            _finding(rule, answer, said.get(rule.rule_id))
            for rule, answer in zip(rules, answers, strict=True)
            if answer.outcome in _LEVELS
        ),
    )


def _asked(
    rules: Sequence[Rule], facts: ClearanceFacts, law: Law
) -> tuple[ClearanceFacts, dict[str, Said | None]]:
    """What each rule's check says; what is about permits comes last, of those the others use."""
    said = {rule.rule_id: _said(rule, facts, law) for rule in rules if not rule.if_permit}
    rest_on = [one.permit_id for one in said.values() if one is not None and one.permit_id]
    facts = replace(facts, used=tuple(dict.fromkeys([*rest_on, *facts.opened.values()])))
    if facts.used:
        said |= {rule.rule_id: _said(rule, facts, law) for rule in rules if rule.if_permit}
    return facts, said


def _deadlines(facts: ClearanceFacts, law: Law, *, is_permit_lacking: bool) -> tuple[Deadline, ...]:
    flight = Flight(
        asked_utc=facts.asked_utc, takeoff_utc=facts.takeoff_utc, landing_utc=facts.landing_utc
    )
    is_needed = is_permit_lacking or bool(facts.used)
    kinds = kinds_in_hand(facts) if is_needed else frozenset[PermitKind]()
    return deadlines(flight, law, is_permit_lacking=is_permit_lacking, kinds=kinds)


def _said(rule: Rule, facts: ClearanceFacts, law: Law) -> Said | None:
    """What its check says; None where it does not hold."""
    kind = class_of(facts.aircraft, law) if facts.aircraft else None
    is_high = facts.highest_agl_m > law.numbers.ceiling_agl_m
    if rule.if_controlled and not facts.opened and not is_high:
        return None
    unit = facts.papers.organisation if facts.papers else None
    is_for_all = rule.if_commercial and (unit is None or unit.is_commercial is not False)
    if not is_for_all and not papers.holds_for(kind, rule.classes):
        return None
    if rule.if_class_known and kind is None:
        return None  # the class itself is asked for first
    return CHECKS[rule.rule_id](facts, law)


def _answer(rule: Rule, said: Said | None, facts: ClearanceFacts) -> Answer:
    outcome, text, text_zh, source = Outcome.NOT_NEEDED, "not needed", "不适用", ("", "")
    if said is not None:
        saying = rule.says[said.key]
        outcome, source = _softened(saying, rule, facts), said.source
        text, text_zh = saying.en.format(**said.values), saying.zh.format(**said.values)
    return Answer(
        rule_id=rule.rule_id,
        article=rule.article.full,
        question=rule.question,
        question_zh=rule.question_zh,
        inputs=rule.inputs,
        outcome=outcome,
        is_yes=said.is_yes if said is not None else None,
        text=text,
        text_zh=text_zh,
        source=source[1],
        source_zh=source[0],
    )


def _softened(saying: Saying, rule: Rule, facts: ClearanceFacts) -> Outcome:
    """In an exercise: as the table has it, and without papers a warning. Live flights: never."""
    if saying.level is not Outcome.STOP or not facts.plan.is_exercise:
        return saying.level
    told = saying.in_exercise or rule.in_exercise
    if told is not None:
        return told
    return Outcome.STOP if facts.papers is not None else Outcome.WARN


def _finding(rule: Rule, answer: Answer, said: Said | None) -> Finding:
    key, article = (said.key, said.article) if said is not None else ("", "")
    return Finding(
        code=f"{OF_GATE}{rule.rule_id}",
        level=_LEVELS[answer.outcome],
        text=f"{rule.article.cite_en}: {answer.text}",
        text_zh=f"{rule.article.cite_zh}：{answer.text_zh}",
        article=article or rule.article.full,
        hint=f"{key}: {', '.join(rule.inputs)}",
    )
