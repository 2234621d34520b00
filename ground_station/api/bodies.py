"""The bodies of the centre's API, checked at the door."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from ground_station.api.asking import Area, Moment
from ground_station.casework.intake import Told
from ground_station.casework.notices import NoticeAudience
from ground_station.casework.opening import PEOPLE_MAX, Matter
from ground_station.casework.states import Severity
from ground_station.casework.steps import Given
from ground_station.schemas import PlaceBody, UnderRole
from ground_station.templates import Category

Words = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)]
Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=300)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, max_length=80)]
Kind = Annotated[str, StringConstraints(pattern=r"^[A-Z_]{1,32}$")]
Code = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z]{1,32}$")]
CaseNo = Annotated[str, StringConstraints(pattern=r"^HJ[0-9UCWDX]{1,24}$")]


class ApproveBody(UnderRole):
    """The digest the person has looked at, and when it is to take off."""

    digest: str = Field(pattern=r"^[0-9a-f]{64}$")
    takeoff_at: Moment | None = Field(
        default=None, description="for which it is cleared; none: now. It is asked again at launch"
    )


class CallBody(UnderRole):
    """Where eyes are wanted: exactly one of these."""

    place: PlaceBody | None = None
    alert_id: str | None = Field(default=None, min_length=1, max_length=64)
    report_id: str | None = Field(default=None, min_length=1, max_length=64)
    whistle_id: str | None = Field(
        default=None, min_length=1, max_length=64, description="the middle of its grid"
    )

    @model_validator(mode="after")
    def _one(self) -> CallBody:
        given = (self.place, self.alert_id, self.report_id, self.whistle_id)
        if sum(one is not None for one in given) != 1:
            raise ValueError("give exactly one of place, alert_id, report_id and whistle_id")
        return self


class CaseStepBody(UnderRole):
    """What a step of a case is given; each takes what it needs."""

    reason: Words = ""
    found: Words = Field(default="", description="feed_back: the fact that was established")
    severity: Severity | None = Field(default=None, description="file: instead of the item's own")
    due_utc: Moment | None = Field(default=None, description="defer, resume: the new time")
    review_utc: Moment | None = Field(default=None, description="ask_suspension")
    other_case: CaseNo | None = Field(default=None, description="merge: the one that goes on")
    checker: Name = Field(default="", description="check: the supervisor's name")
    unit_code: Code | None = Field(default=None, description="file, dispatch, reassign: which unit")
    is_reporter_told: bool = False

    def given(self) -> Given:
        """As the table of states takes it."""
        return Given(
            reason=self.reason,
            found=self.found,
            severity=self.severity,
            due_utc=_utc(self.due_utc),
            review_utc=_utc(self.review_utc),
            other_case=self.other_case or "",
            checker=self.checker,
            is_reporter_told=self.is_reporter_told,
        )


class NewCaseBody(UnderRole):
    """What somebody of the grid or a department brings; the rest is looked up."""

    kind: Kind = "OTHER"
    text: Words
    place: PlaceBody
    people: int | None = Field(default=None, ge=0, le=PEOPLE_MAX, description="as counted by eye")

    def matter(self) -> Matter:
        """As the desk takes it."""
        return Matter(kind=self.kind, text=self.text, place=self.place.point(), people=self.people)


class DispatchBody(UnderRole):
    """A task to a unit."""

    unit_code: Code
    task: Words
    due_utc: Moment | None = None


class ReplyBody(UnderRole):
    """Why it comes back, or what was found and done."""

    reply: Words = ""


class ReportBody(UnderRole):
    """What a citizen told; the picture stays where it is, its address and hash come here."""

    channel: Name = "随手拍"
    kind: Kind | None = Field(default=None, description="of the item list; none: OTHER")
    text: Words
    place: PlaceBody
    contact: Name = ""
    photo_ref: Line = ""
    photo_sha256: Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{64})?$")] = ""

    model_config = ConfigDict(extra="forbid")

    def told(self) -> Told:
        """As the desk takes it."""
        return Told(
            channel=self.channel,
            kind=self.kind or "OTHER",
            text=self.text,
            place=self.place.point(),
            contact=self.contact,
            photo_ref=self.photo_ref,
            photo_sha256=self.photo_sha256,
        )


class LinkReportBody(UnderRole):
    """Which case a report is about."""

    case_no: CaseNo
    sighting_ids: list[Annotated[str, StringConstraints(max_length=64)]] = Field(
        default_factory=list, max_length=50
    )


class TextBody(UnderRole):
    """Words: a reason, an answer, a line of the log."""

    text: Words


class WhistleBody(UnderRole):
    """Which grid is to be patrolled, and why."""

    grid_code: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    need: Words
    report_id: Annotated[str, StringConstraints(max_length=40)] = ""


class WhistleStepBody(UnderRole):
    """Check in, say which sortie flew, or withdraw."""

    reason: Words = ""
    sortie: Annotated[str, StringConstraints(max_length=64)] = ""


class NoticeBody(UnderRole):
    """From which closed cases, for whom."""

    case_nos: list[CaseNo] = Field(min_length=1, max_length=50)
    audience: NoticeAudience = NoticeAudience.INTERNAL


class NoticeStepBody(UnderRole):
    """New words for edit, a reason for withdraw."""

    reason: Words = ""
    text_zh: Words = ""
    text_en: Words = ""


class ShiftBody(UnderRole):
    """Whose shift it is, and which part of the district it serves; none named: the opener's."""

    squad: Name = "无人机小分队"
    scope: Area | None = None


class HandOverBody(UnderRole):
    """To whom."""

    to: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]


class GridsBody(UnderRole):
    """Which grids the shift means to visit, by code or name."""

    grids: list[Annotated[str, StringConstraints(min_length=1, max_length=64)]] = Field(
        max_length=300
    )


class TemplateBody(UnderRole):
    """A new wording of a template; both languages, slots as they are."""

    template_id: Annotated[str, StringConstraints(pattern=r"^T\d{2}$")]
    zh: Words
    en: Words


class TypedBody(UnderRole):
    """Words typed for this moment."""

    text: Words
    language: Literal["zh", "en"] = "zh"
    category: Category = Category.SAFETY
    repeat: int = Field(default=1, ge=1, le=2, strict=True, description="how often, one by one")


class OverrideBody(UnderRole):
    """Why the words are to be played all the same."""

    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]


class TemplateStepBody(UnderRole):
    """A reason, which retire needs."""

    reason: Line = ""


def _utc(moment: datetime | None) -> datetime | None:
    return moment
