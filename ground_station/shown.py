"""What consoles and programs see of the present state: the keys of the board, as JSON.

The functions of `views` and `event_fields` make them; the live socket and `/api/state` send them.
"""

from __future__ import annotations

from typing import Annotated, Literal, NotRequired

from typing_extensions import TypedDict

from ground_station.alert_levels import AlertLevel
from ground_station.alerts import AlertState, Outcome
from ground_station.announcements import AnnouncementState
from ground_station.casework.states import CaseState, Severity
from ground_station.mission_shapes import MissionView
from ground_station.owners import Tier
from ground_station.shapes import always, one_of, recorded, with_more
from ground_station.sorties import SortieState
from missions.counting import LegShown
from patrol.plan import Finding
from patrol.sighting import SightingKind
from patrol.telemetry import FlightMode
from vision.effect import Verdict

Position = list[float]  # longitude and latitude, WGS 84 (RFC 7946)


@recorded(Finding)
class FindingView(TypedDict):
    """One reason for or against; of level `stop` it forbids."""

    code: str
    level: Literal["note", "warn", "stop"]
    text: str
    text_zh: str


class CountView(TypedDict):
    """How many people, in bounds; one that is not valid is not zero people."""

    low: float
    estimate: float
    high: float
    is_valid: bool


class CameraWay(TypedDict):
    """Where the camera looks."""

    bearing_true_deg: float
    pitch_deg: float  # negative below the horizon


class AircraftView(TypedDict):
    """One aircraft with the age of what it said; null is what it did not say."""

    id: str
    lat_deg: float | None
    lon_deg: float | None
    height_above_home_m: float | None
    heading_true_deg: float | None
    speed_m_s: float | None
    battery_pct: float | None
    mode: Annotated[str, one_of(FlightMode)]
    is_armed: bool | None
    is_in_air: bool | None
    link_age_s: float
    home: Position | None
    camera: CameraWay | None


class LookView(TypedDict):
    """What the eye saw in its newest picture."""

    captured_utc: str
    age_s: float
    is_valid: bool
    reason: str  # why it does not count; empty when it does
    boxes: list[list[float]]  # x_min, y_min, x_max, y_max in pixels, and the score
    size_px: list[int]
    rate_hz: float
    latency_s: float


class CrowdView(TypedDict):
    """The group of people that matters most now."""

    place: Position
    radius_m: float
    error_m: float
    count: CountView
    standoff_m: float


class PlanView(TypedDict):
    """A plan as a map draws it."""

    plan_id: str
    grid_code: str
    grid_name: str
    pattern: str
    sortie_number: int
    sortie_count: int
    waypoints: list[Position]
    fence: list[Position]  # one polygon, not closed
    home: Position
    length_m: float
    duration_s: float
    battery_need_pct: float


class SortieView(TypedDict):
    """What is being flown, or was last."""

    id: str
    grid_code: str
    grid_name: str
    state: Annotated[str, one_of(SortieState, "UNKNOWN")]
    plan: PlanView
    waypoint_index: int
    waypoint_total: int
    findings: list[FindingView]


class AlertView(TypedDict):
    """A crowd that a person has to answer."""

    id: str
    aircraft: str
    state: Annotated[str, one_of(AlertState)]
    level: Annotated[str, one_of(AlertLevel)]
    kind: Annotated[str, one_of(SightingKind)]
    grid_code: str | None
    grid_name: str
    place: Position
    error_m: float
    radius_m: float
    count: CountView
    density_high_per_m2: float | None
    raised_utc: str | None
    acknowledged_by: str
    renotified_count: int
    relapse_of: str
    displaced_from: str
    case_no: str
    verdict: Annotated[str, one_of(Outcome)] | None


class AnnouncementView(TypedDict):
    """Words that were released, and how far they have come."""

    id: str
    aircraft: str
    alert: str
    template: str
    version: int
    language: str  # "zh" or "en"
    text_zh: str
    text_en: str
    text_sha256: str
    state: Annotated[str, one_of(AnnouncementState)]
    released_by: str
    approved_by: str
    overridden_by: str
    reason: str
    started_utc: str | None
    finished_utc: str | None
    volume_pct: float
    repeats: int
    heard_count: int
    slant_range_m: float | None
    level_dba: float | None  # estimated at the listener
    blocked: list[FindingView]
    findings: list[FindingView]


class EffectSampleView(TypedDict):
    """One look at the crowd after the words; where nobody looked there is no count."""

    dt_s: float
    is_observed: bool
    low: NotRequired[float]
    estimate: NotRequired[float]
    high: NotRequired[float]
    is_valid: NotRequired[bool]


class EffectView(TypedDict):
    """What became of the crowd after the words."""

    before: CountView | None
    after: CountView | None
    samples: list[EffectSampleView]
    verdict: Annotated[str, one_of(Verdict)] | None
    observing_since_utc: str | None


class CaseView(TypedDict):
    """A case as its event and the board show it."""

    case_no: str
    severity: Annotated[str, one_of(Severity)]
    tier: Annotated[str, one_of(Tier)]
    tier_zh: str
    state: Annotated[str, one_of(CaseState)]
    state_zh: str
    grid_code: str | None
    grid_name: str
    owner_code: str
    owner_unit: str
    owner_person: str
    accept_due_utc: str | None
    due_utc: str | None
    description: str
    description_zh: str


class ShownCase(CaseView):
    """A case on the board."""

    tasked: NotRequired[list[str]]  # codes of the units that were given a task of it


class DraftedFlight(TypedDict):
    """The plan of one flight: what to look at, and the digest to approve."""

    plan: PlanView
    digest: str
    findings: list[FindingView]
    legs: list[LegShown]


class Drafted(DraftedFlight):
    """A patrol that was drawn: the first flight, and all that it takes."""

    aircraft: str
    sorties: list[DraftedFlight]


class PlanOnHand(DraftedFlight):
    """A plan of the book as anybody may look at it: on another console it is approved by this."""

    aircraft: str  # from whose home it was drawn
    approved_by: str  # empty: nobody yet


class WhyNot(TypedDict):
    """What forbids it."""

    code: str
    text: str
    text_zh: str


class GoingThere(TypedDict):
    """Whether and how soon an aircraft could be at a place."""

    aircraft: str
    can_go: bool
    there_s: float | None
    reasons: list[WhyNot]


class Sent(DraftedFlight):
    """The plan of the one that is there first, and what each of them answered."""

    aircraft: str
    there_s: float
    options: list[GoingThere]


class RestOffered(DraftedFlight):
    """A plan of what a sortie left unflown."""

    aircraft: str
    continues: str


class Approved(TypedDict):
    """A plan with a name under it."""

    plan: PlanView
    approved_by: str
    findings: list[FindingView]


class Launched(TypedDict):
    """The sortie that begins now."""

    sortie: str
    aircraft: str


class Commanded(TypedDict):
    """The aircraft was told."""

    sortie: str
    verb: str


class Signed(TypedDict):
    """Who has signed the sortie's log, by role."""

    sortie: str
    signed_by: dict[str, str]


class Silenced(TypedDict):
    """The loudspeaker was told to be silent, and said that it is."""

    stopped: bool


class CameraView(TypedDict):
    """How the video comes."""

    id: str
    state: str
    text: str


@with_more
class Event(TypedDict):
    """One line of the story; which more fields there are depends on the event."""

    t_utc: str
    event: str  # a stable name such as `alert.raised`
    sortie: str
    grid: str
    aircraft: str  # empty for what concerns the whole station


class StationView(TypedDict):
    """Which station this is."""

    name: str
    is_exercise: bool
    version: str


class RegisterView(TypedDict):
    """Which register of grids it works by."""

    version: str
    is_synthetic: bool


class ClockView(TypedDict):
    """World time, and how many of its seconds pass in one."""

    utc: str
    speed: float


class UnitPatch(TypedDict, total=False):
    """Keys of one aircraft's unit; each is null, or empty, where there is nothing to be shown."""

    sortie: SortieView | None
    alert: AlertView | None  # the one that matters most
    alerts: list[AlertView]
    announcement: AnnouncementView | None
    effect: EffectView | None
    crowd: CrowdView | None
    look: LookView | None
    people: list[Position]  # anonymous, rounded to about a metre
    camera: CameraView | None


@always
class Unit(UnitPatch):
    """Everything that is shown of one aircraft; null, or empty, where there is nothing."""


class StationKeys(TypedDict, total=False):
    """What is shown of the station itself."""

    station: StationView
    register: RegisterView
    clock: ClockView
    aircraft: list[AircraftView]
    cases: list[ShownCase]  # the newest that are open
    missions: list[MissionView]  # the newest that are not over


class StatePatch(StationKeys, total=False):
    """Keys of the state that changed; of `units` those that changed of each aircraft."""

    units: dict[str, UnitPatch]


@always
class State(StationKeys):
    """Everything that the caller may see now, with the last part of the story."""

    units: dict[str, Unit]
    story: list[Event]
