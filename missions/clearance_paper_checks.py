"""What decides each rule about the papers of the unit, the aircraft and the pilot."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from missions.clearance_checks import PAPERS, Said, apply_words, covered
from missions.clearance_facts import ClearanceFacts, class_lacks, class_of
from missions.law import AircraftClass, Law
from missions.papers import PilotPapers, RemoteId
from patrol.clock import SHANGHAI

_REMOTE_ID = {RemoteId.BUILT_IN: ("内置", "built in"), RemoteId.RETROFIT: ("加装", "retrofitted")}


def papers(facts: ClearanceFacts, law: Law) -> Said:  # noqa: ARG001  # as every check
    """Whether there are any, and real ones."""
    given = facts.papers
    if given is None:
        return Said(key="missing")
    unit = given.organisation
    values = {"aircraft": facts.aircraft_name, "unit": unit.name or ""}
    if given.is_exercise and not facts.plan.is_exercise:
        return Said(key="invented")
    if facts.aircraft is None:
        return Said(key="aircraft", values=values)
    return Said(key="ok" if unit.name and unit.contact else "unit", values=values)


def aircraft_class(facts: ClearanceFacts, law: Law) -> Said:
    """Art. 62, for the masses of this sortie."""
    aircraft = facts.aircraft
    if aircraft is None:
        return Said(key="missing", values={"lacking": "aircraft"})
    kind = class_of(aircraft, law)
    if kind is None:
        return Said(key="missing", values={"lacking": ", ".join(class_lacks(aircraft))})
    mass_kg, most_kg = aircraft.takeoff_mass_kg or 0.0, aircraft.max_takeoff_kg or 0.0
    limits = next(one for one in law.classes if one.kind is kind)
    values = {
        "mass": f"{mass_kg:g}", "most": f"{most_kg:g}", "class_zh": limits.zh,
        "class_en": limits.en,
    }  # fmt: skip
    return Said(key="too_heavy" if mass_kg > most_kg else "ok", values=values)


def registration(facts: ClearanceFacts, law: Law) -> Said:  # noqa: ARG001  # as every check
    """Art. 10."""
    number = facts.aircraft.registration_no if facts.aircraft else None
    return Said(key="ok", values={"number": number}) if number else Said(key="missing")


def certificate(facts: ClearanceFacts, law: Law) -> Said:  # noqa: ARG001  # as every check
    """Art. 11."""
    unit = facts.papers.organisation if facts.papers else None
    if unit is None:
        return Said(key="missing")
    return _valid(facts, unit.certificate_no, unit.certificate_until)


def insurance(facts: ClearanceFacts, law: Law) -> Said:  # noqa: ARG001  # as every check
    """Art. 12."""
    aircraft = facts.aircraft
    if aircraft is None:
        return Said(key="missing")
    return _valid(facts, aircraft.insurance_no, aircraft.insurance_until)


def licence(facts: ClearanceFacts, law: Law) -> Said:
    """Art. 16: of whoever flies, or of anybody who may where that is not known yet."""
    kind = class_of(facts.aircraft, law) if facts.aircraft else None
    return _best(
        _valid(facts, one.licence_no, one.licence_until, one.person)
        if kind in one.licence_classes or kind is None
        else Said(key="missing", values={"person": one.person})
        for one in _pilots(facts)
    )  # fmt: skip


def training(facts: ClearanceFacts, law: Law) -> Said:  # noqa: ARG001  # as every check
    """Art. 17 ¶3."""
    return _best(
        _valid(facts, one.training_no, one.training_until, one.person) for one in _pilots(facts)
    )


def remote_id(facts: ClearanceFacts, law: Law) -> Said:
    """Art. 24, and Art. 61 until what was built before has been retrofitted."""
    aircraft = facts.aircraft
    if aircraft is None or aircraft.remote_id is None:
        return Said(key="missing")
    until = {"retrofit_by": f"{law.numbers.retrofit_by:%Y-%m-%d}"}
    if aircraft.remote_id is RemoteId.NONE:
        if facts.takeoff_utc.astimezone(SHANGHAI).date() >= law.numbers.retrofit_by:
            return Said(key="too_late", values=until)
        said = covered(facts, law, "61", PAPERS)
        return Said(
            key=said.key, values={**until, **apply_words(law), **said.values},
            permit_id=said.permit_id,
        )  # fmt: skip
    if not aircraft.product_id:
        return Said(key="missing")
    kind, kind_en = _REMOTE_ID[aircraft.remote_id]
    values = {"kind": kind, "kind_en": kind_en, "product": aircraft.product_id}
    return Said(key="ok", values=values)


def notice(facts: ClearanceFacts, law: Law) -> Said:  # noqa: ARG001  # as every check
    """Where the public was told."""
    told = facts.papers.organisation.notice if facts.papers else None
    return Said(key="ok", values={"notice": told}) if told else Said(key="missing")


def holds_for(kind: AircraftClass | None, classes: tuple[AircraftClass, ...]) -> bool:
    """Whether a rule for these classes holds for this one; where nobody knows, all do."""
    return not classes or kind is None or kind in classes


def _pilots(facts: ClearanceFacts) -> list[PilotPapers]:
    known = dict(facts.papers.pilots) if facts.papers else {}
    if facts.pilot:
        return [known.get(facts.pilot, PilotPapers(person=facts.pilot))]
    return list(known.values()) or [PilotPapers(person="操控员 (pilot)")]


def _best(answers: Iterable[Said]) -> Said:
    told = list(answers)
    return next((one for one in told if one.key == "ok"), told[0])


def _valid(facts: ClearanceFacts, number: str | None, until: date | None, person: str = "") -> Said:
    values = {"number": number or "", "until": f"{until}", "person": person}
    if not number or until is None:
        return Said(key="missing", values=values)
    return Said(key="ok" if facts.last_day <= until else "expired", values=values)
