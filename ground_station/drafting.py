"""Makes an announcement out of chosen words, and asks the release rules about it. Plays nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from drone.loudness import level_1m_dba
from ground_station.alert_levels import AlertLevel
from ground_station.alerts import SAME_CROWD_M
from ground_station.announcements import (
    Announcement,
    AnnouncementEvent,
    AnnouncementState,
    Occasion,
    advance,
    draft_announcement,
)
from ground_station.crowd_parts import CrowdParts
from ground_station.release_rules import UNDER_WAY, ReleaseContext, ReleaseLimits, may_release
from ground_station.sortie_watch import SortieWatch
from ground_station.templates import Category, Need, SlotValue, Template
from ground_station.words.audible import Sounding, sounding
from ground_station.words.grounds import grounds
from ground_station.words.listeners import Listeners
from ground_station.words.slot_lists import SlotLists, pick, read_slot_lists
from ground_station.words.slot_places import slot_place
from ground_station.words.typed import TYPED_ID, in_emergency, typed_words
from ground_station.words.wording_desk import WordingDesk
from patrol.cause import Cause, by_system
from patrol.geo import distance_m
from patrol.plan import Finding
from patrol.telemetry import TelemetrySample, Wind

POSITION_OLD_S = 5.0  # wall; in that time the aircraft may be anywhere within half a stand-off
WIND_OLD_S = 30.0  # wall; the autopilot tells it every second or so
_APPROVED_BEFOREHAND = by_system("template.approved")


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What somebody wants to be said."""

    template: Template
    values: Mapping[str, SlotValue] = field(default_factory=dict)
    language: str = "zh"
    repeat: int = 1

    @property
    def texts(self) -> tuple[str, ...]:
        """In both languages, slots filled."""
        return self.template.fill(self.values)


class Drafting:
    """From the announcer's choice to words that may be said, or to every reason why not."""

    def __init__(
        self, *, parts: CrowdParts, wordings: WordingDesk, lists: SlotLists | None = None
    ) -> None:
        self._parts = parts
        self._wordings = wordings
        self._lists = lists or read_slot_lists()

    async def choose(
        self,
        listeners: Listeners,
        template_id: str,
        *,
        values: Mapping[str, str],
        language: str,
        repeat: int,
    ) -> Chosen:
        """The wording in use with values from the lists; Refused, or LookupError for no such."""
        template = await self._wordings.to_speak(template_id)
        place = slot_place(
            self._parts.register,
            self._parts.legal,
            grid_code=listeners.grid_code,
            at_utc=self._parts.world.now_utc(),
            is_exercise=self._parts.is_exercise,
        )
        picked = pick(template, values, self._lists, place)
        return Chosen(template=template, values=picked, language=language, repeat=repeat)

    async def draft(
        self, watch: SortieWatch, listeners: Listeners, chosen: Chosen, cause: Cause
    ) -> tuple[Announcement, list[Finding]]:
        """Queued by the person who releases it, and what the rules say to that."""
        parts, now = self._parts, self._parts.world.now_utc()
        occasion = Occasion(
            alert_id=listeners.alert_id,
            sortie=watch.sortie_id,
            grid_code=listeners.grid_code,
            at_utc=now,
            is_exercise=parts.is_exercise,
            legal_basis_id=listeners.legal_basis_id,
            aircraft=parts.aircraft,
        )
        template = self._as_things_stand(chosen.template, listeners)
        template.fill(chosen.values)  # refused before a number is used up
        draft = draft_announcement(
            template,
            occasion,
            announcement_id=await parts.records.next_id("B", now),
            values=chosen.values,
            language=chosen.language,
            repeats=chosen.repeat,
        )
        # Typed words have no approver before: whoever may release them approves by releasing.
        approver = (
            by_system(f"role.{cause.role.value}", parent_id=cause.request_id)
            if template.template_id == TYPED_ID
            else _APPROVED_BEFOREHAND
        )
        draft = advance(draft, AnnouncementEvent.APPROVE, approver, now)
        draft = advance(draft, AnnouncementEvent.QUEUE, cause, now)
        return draft, await self._findings(watch, listeners, template, draft, cause)

    async def look_again(
        self, watch: SortieWatch, listeners: Listeners, blocked: Announcement, cause: Cause
    ) -> list[Finding]:
        """What the rules say now of words that they stopped before; Refused for retired words."""
        if blocked.template_id == TYPED_ID:
            typed = typed_words(
                blocked.text, language=blocked.language,
                category=blocked.category or Category.NOTICE,
            )  # fmt: skip
            template = self._as_things_stand(typed, listeners)
        else:
            template = await self._wordings.still_in_use(
                blocked.template_id, blocked.template_version
            )
        return await self._findings(watch, listeners, template, blocked, cause)

    def below(self) -> Listeners:
        """Whoever is under the aircraft now: the nearest ears, who hear the words loudest."""
        sample = self._parts.latest()
        is_new = sample is not None and self._age_s(sample) <= POSITION_OLD_S
        place = sample.position if sample is not None and is_new else None
        return Listeners(
            grid_code=None if place is None else self._parts.register.grid_at(place), place=place
        )

    def heard(self, listeners: Listeners, volume_pct: float) -> Sounding | None:
        """What they get of the loudspeaker from where it is; None: nobody knows."""
        sample, ear = self._parts.latest(), listeners.place
        if sample is None or sample.position is None or ear is None:
            return None
        age_s = self._age_s(sample)
        height_m = sample.height_agl_m
        if height_m is None:
            height_m = sample.height_above_home_m
        if height_m is None or age_s > POSITION_OLD_S:
            return None
        return sounding(
            speaker=sample.position,
            height_agl_m=height_m,
            ear=ear,
            spl_1m_dba=level_1m_dba(volume_pct),
            wind=_wind(sample, age_s),
        )

    def _age_s(self, sample: TelemetrySample) -> float:
        return self._parts.wall.monotonic_s() - sample.heard_at_s

    async def _findings(
        self,
        watch: SortieWatch,
        listeners: Listeners,
        template: Template,
        words: Announcement,
        cause: Cause,
    ) -> list[Finding]:
        parts = self._parts
        return may_release(
            template,
            ReleaseContext(
                at_utc=parts.world.now_utc(),
                cause=cause,
                alert_id=listeners.alert_id,
                grid_code=listeners.grid_code,
                is_exercise=parts.is_exercise,
                heard=self.heard(listeners, words.volume_pct),
                texts=(words.text_zh, words.text_en),
                legal=parts.legal,
                repeat=words.repeats,
                earlier=await self._earlier(watch),
                same_place=await self._same_place(listeners),
                alert_level=listeners.level,
                is_counts_only=parts.is_counts_only,
                places=self._places(listeners),
                is_airborne=self._is_airborne(watch),
            ),
        )

    def _as_things_stand(self, template: Template, listeners: Listeners) -> Template:
        """Typed safety words are an emergency's only where there is one (DOMAIN 2.6, Art. 64)."""
        is_declared = self._places(listeners).get(Need.EMERGENCY_DECLARED, False)
        is_emergency = is_declared or listeners.level is AlertLevel.CRITICAL
        return in_emergency(template) if is_emergency else template

    def _places(self, listeners: Listeners) -> dict[Need, bool]:
        """What register and legal bases know of the place."""
        return grounds(
            self._parts.register, self._parts.legal, grid_code=listeners.grid_code,
            place=listeners.place, at_utc=self._parts.world.now_utc(),
            is_exercise=self._parts.is_exercise,
        )  # fmt: skip

    async def _same_place(self, listeners: Listeners) -> frozenset[str]:
        """Other alerts of the same ears: a crowd that is raised anew is no new crowd to a horn."""
        place = listeners.place
        if not listeners.alert_id or place is None:
            return frozenset()
        return frozenset(
            other.alert_id
            for other in await self._parts.records.alerts()
            if other.alert_id != listeners.alert_id
            and distance_m(other.place, place) < SAME_CROWD_M
        )

    async def _earlier(self, watch: SortieWatch) -> tuple[Announcement, ...]:
        """This sortie's announcements, and what others said for as long as it counts."""
        since_utc = ReleaseLimits().looks_back_to(self._parts.world.now_utc())
        kept = await self._parts.records.announcements(since_utc=since_utc)
        own = {item.announcement_id for item in watch.announcements}
        others = [item for item in kept if item.announcement_id not in own]
        # What a station that has ended left under way sounds no more, but it was begun.
        ended = [
            replace(item, state=AnnouncementState.FAILED) if item.state in UNDER_WAY else item
            for item in others
        ]
        return (*ended, *watch.announcements)

    def _is_airborne(self, watch: SortieWatch) -> bool | None:
        sample = self._parts.latest()
        if watch.is_over or sample is None:
            return False if watch.is_over else None
        return sample.is_in_air


def _wind(sample: TelemetrySample, sample_age_s: float) -> Wind | None:
    """The wind of the newest sample, unless it was told too long ago or never."""
    told_s = sample.ages.wind_s
    if told_s is None or told_s + sample_age_s > WIND_OLD_S:
        return None
    return sample.wind
