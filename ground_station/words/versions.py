"""Versions of templates: who wrote them, who approved them, and that T01 stays word for word."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from ground_station.templates import Template
from ground_station.transitions import Machine, Step
from ground_station.words.person_words import person_findings
from patrol.cause import Cause, Role
from patrol.errors import PlanRejected, Refused
from patrol.role_words import roles_zh

VERBATIM = {"T01": "疫情期间请不要聚集!请各位快速散开!"}  # from the report; never improved

SHIPPED_UTC = datetime(2026, 11, 24, tzinfo=UTC)  # when version 1 of T01 to T12 was written


class VersionState(enum.Enum):
    """Where a version stands."""

    DRAFT = "DRAFT"
    APPROVED = "APPROVED"
    RETIRED = "RETIRED"


class VersionEvent(enum.Enum):
    """What moves a version on."""

    APPROVE = "approve"
    RETIRE = "retire"


_St, _Ev = VersionState, VersionEvent
VERSION_MACHINE: Machine[VersionState, VersionEvent] = Machine(
    "template",
    (
        Step(event=_Ev.APPROVE, sources=(_St.DRAFT,), target=_St.APPROVED, roles=(Role.LEADER,)),
        Step(
            event=_Ev.RETIRE,
            sources=(_St.DRAFT, _St.APPROVED),
            target=_St.RETIRED,
            roles=(Role.LEADER,),
            needs_reason=True,
        ),
    ),
)
AUTHORS = (Role.LEADER, Role.ANNOUNCER, Role.REVIEWER)
_AUTHORS_ZH = roles_zh(" or ".join(role.value for role in AUTHORS))


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateVersion:
    """One wording of one template. Once approved its words never change."""

    template: Template
    author: str
    written_utc: datetime
    state: VersionState
    is_exercise: bool
    approver: str = ""
    approved_utc: datetime | None = None
    reason: str = ""

    @property
    def version_id(self) -> str:
        """Such as "T02-v3"."""
        return f"{self.template.template_id}-v{self.template.version}"


class WordsRejected(PlanRejected):
    """The words may not be approved or spoken; each finding says why."""


def write(
    template: Template, *, cause: Cause, at_utc: datetime, is_exercise: bool
) -> TemplateVersion:
    """A new draft. Refused when T01 is not word for word, or one person is described."""
    if cause.role not in AUTHORS:
        roles = ", ".join(role.value for role in AUTHORS)
        raise Refused(
            f"{cause.actor} may not write templates: it needs one of {roles}",
            text_zh=f"{cause.actor}无权编写模板：需要{_AUTHORS_ZH}角色",
        )
    name = template.template_id
    if name in VERBATIM and template.zh != VERBATIM[name]:
        raise Refused(
            f"{name} is kept word for word as it was spoken: {VERBATIM[name]}",
            text_zh=f"模板{name}须一字不改，保持原话：{VERBATIM[name]}",
        )
    if found := person_findings((template.zh, template.en)):
        raise WordsRejected(
            f"{name} describes a person", found, text_zh=f"模板{name}描述了具体个人"
        )
    return TemplateVersion(
        template=template,
        author=cause.actor,
        written_utc=at_utc,
        state=VersionState.DRAFT,
        is_exercise=is_exercise,
    )


def advance(
    version: TemplateVersion,
    event: VersionEvent,
    cause: Cause,
    at_utc: datetime,
    *,
    reason: str = "",
) -> TemplateVersion:
    """The version after the event. The author is not the approver (DOMAIN R2)."""
    step = VERSION_MACHINE.step(
        record_id=version.version_id,
        state=version.state,
        event=event,
        cause=cause,
        is_exercise=version.is_exercise,
        reason=reason,
    )
    moved = replace(version, state=step.target, reason=reason or version.reason)
    if event is VersionEvent.APPROVE:
        if cause.actor == version.author:
            raise Refused(
                f"template {version.version_id}: {cause.actor} wrote it, "
                "another person approves it",
                text_zh=f"模板{version.version_id}：{cause.actor}为编写人，须由他人批准",
            )
        return replace(moved, approver=cause.actor, approved_utc=at_utc)
    return moved


def in_use(versions: Iterable[TemplateVersion]) -> dict[str, Template]:
    """The newest approved wording of each template, by id."""
    newest: dict[str, TemplateVersion] = {}
    for version in versions:
        if version.state is not VersionState.APPROVED:
            continue
        held = newest.get(version.template.template_id)
        if held is None or held.template.version < version.template.version:
            newest[version.template.template_id] = version
    return {name: newest[name].template for name in sorted(newest)}
