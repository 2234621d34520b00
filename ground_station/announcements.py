"""An announcement from draft to played, and the table of its states (DOMAIN 5.3).

Whether it may be spoken at all is decided in release_rules.py.
"""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from ground_station.templates import Category, Profile, SlotValue, Template
from ground_station.transitions import Machine, Step
from patrol.cause import Cause, Role
from patrol.errors import Refused
from patrol.geo import GeoPoint
from patrol.plan import Finding

# Findings that no leader can override: who answers for the words, and what the words are.
NEVER_OVERRIDDEN = frozenset(
    {
        "release.person",
        "release.auto_operator",
        "release.counts_only",
        "release.speaker_busy",
        "release.not_airborne",
        "release.no_crowd",
        "release.describes_person",
    }
)


# Shares of the horn's 110 dB(A) at a metre: 104, 107 and 110. At 50 m that is 70, 73 and 76, 10 to
# 15 above a street by day, and none is more than 85 at an ear farther than 18 m (DOMAIN 2.6).
VOLUME_PCT = {Profile.ADVISORY: 50.0, Profile.NORMAL: 71.0, Profile.EMERGENCY: 100.0}


class AnnouncementState(enum.Enum):
    """Where an announcement stands."""

    DRAFT = "DRAFT"
    APPROVED = "APPROVED"
    QUEUED = "QUEUED"
    BLOCKED = "BLOCKED"
    OVERRIDDEN = "OVERRIDDEN"
    PLAYING = "PLAYING"
    PLAYED = "PLAYED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


class AnnouncementEvent(enum.Enum):
    """What moves an announcement on."""

    APPROVE = "approve"
    QUEUE = "queue"
    BLOCK = "block"
    OVERRIDE = "override"
    START = "start"
    FINISH = "finish"
    FAIL = "fail"
    CANCEL = "cancel"


_St, _Ev = AnnouncementState, AnnouncementEvent
_SYS = (Role.SYSTEM,)
_OPEN = (_St.DRAFT, _St.APPROVED, _St.QUEUED, _St.BLOCKED, _St.OVERRIDDEN, _St.PLAYING)

ANNOUNCEMENT_MACHINE: Machine[AnnouncementState, AnnouncementEvent] = Machine(
    "announcement",
    (
        # Templates are approved beforehand, so the system may pass their drafts on.
        Step(
            event=_Ev.APPROVE,
            sources=(_St.DRAFT,),
            target=_St.APPROVED,
            roles=(Role.LEADER, Role.SYSTEM),
        ),
        Step(event=_Ev.QUEUE, sources=(_St.APPROVED,), target=_St.QUEUED, roles=(Role.ANNOUNCER,)),
        Step(event=_Ev.BLOCK, sources=(_St.QUEUED,), target=_St.BLOCKED, roles=_SYS),
        Step(
            event=_Ev.OVERRIDE,
            sources=(_St.BLOCKED,),
            target=_St.OVERRIDDEN,
            roles=(Role.LEADER,),
            needs_reason=True,
        ),
        Step(
            event=_Ev.START,
            sources=(_St.QUEUED, _St.OVERRIDDEN),
            target=_St.PLAYING,
            roles=_SYS,
        ),
        Step(event=_Ev.FINISH, sources=(_St.PLAYING,), target=_St.PLAYED, roles=_SYS),
        Step(
            event=_Ev.FAIL,
            sources=(_St.QUEUED, _St.OVERRIDDEN, _St.PLAYING),
            target=_St.FAILED,
            roles=_SYS,
            needs_reason=True,
        ),
        Step(
            event=_Ev.CANCEL,
            sources=_OPEN,
            target=_St.CANCELLED,
            roles=(Role.ANNOUNCER, Role.PILOT),
        ),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """Words that a person releases; text and sound that are stored are those that were played."""

    announcement_id: str
    alert_id: str
    sortie: str
    grid_code: str | None
    template_id: str
    template_version: int
    language: str  # "zh" or "en": which of the two texts is spoken
    text_zh: str
    text_en: str
    profile: Profile
    state: AnnouncementState
    created_utc: datetime
    is_exercise: bool
    legal_basis_id: str = ""
    approved_by: str = ""
    released_by: str = ""
    released_utc: datetime | None = None
    volume_pct: float = 100.0  # of the horn's full level, by the profile
    repeats: int = 1  # how often it is played in one release
    heard_count: int = 0  # how often the loudspeaker says it was heard to its end
    audio_sha256: str = ""
    audio_duration_s: float | None = None
    voice: str = ""  # which voice or recording spoke, DOMAIN 2.6
    place: GeoPoint | None = None  # the aircraft when the play began
    slant_range_m: float | None = None
    level_dba: float | None = None  # estimate at the listener
    started_utc: datetime | None = None
    finished_utc: datetime | None = None
    blocked: tuple[Finding, ...] = ()
    overridden_by: str = ""
    overridden_utc: datetime | None = None
    reason: str = ""  # of the override, the failure or the cancellation
    aircraft: str = ""  # whose loudspeaker
    category: Category | None = None  # what the words are for; None in records of before
    text_sha256: str = ""  # of the words as released; what is stored is what is played

    @property
    def is_text_whole(self) -> bool:
        """Whether the words are still those that were released."""
        return self.text_sha256 == text_sha256(self.text)

    @property
    def text(self) -> str:
        """The words that are spoken."""
        return self.text_zh if self.language == "zh" else self.text_en


def text_sha256(text: str) -> str:
    """Hexadecimal SHA-256 of the words in UTF-8."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """What the words are for, and from where."""

    alert_id: str
    sortie: str
    grid_code: str | None
    at_utc: datetime
    is_exercise: bool
    legal_basis_id: str = ""
    aircraft: str = ""


def draft_announcement(
    template: Template,
    occasion: Occasion,
    *,
    announcement_id: str,
    values: Mapping[str, SlotValue] | None = None,
    language: str = "zh",
    repeats: int = 1,
) -> Announcement:
    """A draft with the template's words and volume; Refused when a slot has no value."""
    if language not in ("zh", "en"):
        raise Refused(
            f"template {template.template_id} has no words in {language!r}",
            text_zh=f"模板{template.template_id}没有此语言的文本：{language!r}",
        )
    text_zh, text_en = template.fill(values)
    return Announcement(
        announcement_id=announcement_id,
        alert_id=occasion.alert_id,
        sortie=occasion.sortie,
        grid_code=occasion.grid_code,
        template_id=template.template_id,
        template_version=template.version,
        language=language,
        text_zh=text_zh,
        text_en=text_en,
        profile=template.profile,
        volume_pct=VOLUME_PCT[template.profile],
        repeats=repeats,
        state=AnnouncementState.DRAFT,
        created_utc=occasion.at_utc,
        is_exercise=occasion.is_exercise,
        legal_basis_id=occasion.legal_basis_id,
        aircraft=occasion.aircraft,
        category=template.category,
        text_sha256=text_sha256(text_zh if language == "zh" else text_en),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """The clip that will be or was played, and where the aircraft was."""

    sha256: str
    duration_s: float | None = None
    voice: str = ""
    place: GeoPoint | None = None
    slant_range_m: float | None = None
    level_dba: float | None = None
    heard_count: int = 1  # how often it was heard to its end


def advance(
    announcement: Announcement,
    event: AnnouncementEvent,
    cause: Cause,
    at_utc: datetime,
    *,
    reason: str = "",
    findings: Sequence[Finding] | None = None,
    sound: Sound | None = None,
) -> Announcement:
    """The announcement after the event; Refused or NotPermitted when the table has no such row.

    OVERRIDE takes the `findings` of that moment, for which the leader answers; without them those
    of the block count.
    START needs the `sound` that will be played, FINISH the `sound` the loudspeaker says it played:
    if that is another clip, or was heard fewer times than released, the announcement has FAILED.
    """
    step = ANNOUNCEMENT_MACHINE.step(
        record_id=announcement.announcement_id,
        state=announcement.state,
        event=event,
        cause=cause,
        is_exercise=announcement.is_exercise,
        reason=reason,
    )
    moved = replace(announcement, state=step.target)
    match event:
        case AnnouncementEvent.APPROVE:
            return replace(moved, approved_by=cause.actor)
        case AnnouncementEvent.QUEUE:
            return replace(moved, released_by=cause.actor, released_utc=at_utc)
        case AnnouncementEvent.BLOCK:
            return replace(moved, blocked=tuple(findings or ()))
        case AnnouncementEvent.OVERRIDE:
            against = announcement.blocked if findings is None else tuple(findings)
            _require_overridable(announcement, against)
            return replace(
                moved, overridden_by=cause.actor, overridden_utc=at_utc, reason=reason,
                blocked=against or announcement.blocked,
            )  # fmt: skip
        case AnnouncementEvent.START:
            return _started(moved, at_utc, sound)
        case AnnouncementEvent.FINISH:
            return _finished(moved, at_utc, sound)
        case _:  # FAIL, CANCEL
            has_begun = announcement.started_utc is not None
            return replace(moved, reason=reason, finished_utc=at_utc if has_begun else None)


def never_overridden(findings: Iterable[Finding]) -> list[Finding]:
    """Those that no reason of a leader outweighs."""
    return [finding for finding in findings if finding.code in NEVER_OVERRIDDEN]


def _require_overridable(announcement: Announcement, against: Sequence[Finding]) -> None:
    fixed = never_overridden(against)
    if fixed:
        raise Refused(
            f"announcement {announcement.announcement_id} cannot be overridden: {fixed[0].text}",
            text_zh=f"喊话{announcement.announcement_id}不得越权放行：{fixed[0].text_zh}",
        )


def _started(moved: Announcement, at_utc: datetime, sound: Sound | None) -> Announcement:
    if sound is None or not sound.sha256:
        raise Refused(
            f"announcement {moved.announcement_id} cannot start without its sound",
            text_zh=f"喊话{moved.announcement_id}没有声音，不能开始",
        )
    if not moved.released_by:
        raise Refused(
            f"announcement {moved.announcement_id} was released by nobody",
            text_zh=f"喊话{moved.announcement_id}无人放行",
        )
    return replace(
        moved,
        started_utc=at_utc,
        audio_sha256=sound.sha256,
        audio_duration_s=sound.duration_s,
        voice=sound.voice,
        place=sound.place,
        slant_range_m=sound.slant_range_m,
        level_dba=sound.level_dba,
    )


def _finished(moved: Announcement, at_utc: datetime, sound: Sound | None) -> Announcement:
    ended = replace(moved, finished_utc=at_utc, heard_count=sound.heard_count if sound else 0)
    reason = ""
    if sound is None or sound.sha256 != moved.audio_sha256:
        heard = sound.sha256[:12] if sound else "nothing"
        reason = f"the loudspeaker played {heard}, not the released {moved.audio_sha256[:12]}"
    elif sound.heard_count < moved.repeats:
        reason = f"heard {sound.heard_count} of {moved.repeats} times"
    if reason:
        return replace(ended, state=AnnouncementState.FAILED, reason=reason)
    return ended
