"""The announcer's verbs: release words for an alert or for whoever is below, override, stop.

The rules come first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from drone.speaker import Speaker
from drone.voice import Voice
from ground_station.alerts import SPEAKABLE, AlertEvent, AlertState, CrowdAlert
from ground_station.announcements import (
    Announcement,
    AnnouncementEvent,
    advance,
    never_overridden,
)
from ground_station.broken_play import BrokenPlays
from ground_station.crowd_desk import CrowdDesk
from ground_station.crowd_parts import CrowdParts
from ground_station.drafting import Chosen, Drafting
from ground_station.event_fields import announcement_fields, announcement_view
from ground_station.playing import OnPlayed, Player, Release
from ground_station.shown import AnnouncementView, Silenced
from ground_station.sortie_watch import SortieWatch
from ground_station.speaking_words import not_to_be_spoken
from ground_station.templates import Category
from ground_station.words.listeners import Listeners, crowd_of
from ground_station.words.typed import typed_words
from ground_station.words.wording_desk import WordingDesk
from patrol.cause import Cause, Role, by_system
from patrol.errors import NotPermitted, PatrolError, PlanRejected, Refused
from patrol.plan import Finding, stops

_STOPPERS = (Role.ANNOUNCER, Role.PILOT)
_RULES = by_system("release-rules")
# Who pressed does not change by asking again, whoever overrides.
_OF_THE_PRESS = frozenset({"release.person", "release.auto_operator"})


class AnnouncementBlocked(PlanRejected):
    """A rule forbids this release; each finding says which and why. A leader overrides it by id."""

    def __init__(
        self, text: str, findings: Sequence[Finding], *, text_zh: str, announcement_id: str
    ) -> None:
        super().__init__(text, findings, text_zh=text_zh)
        self.announcement_id = announcement_id


class SpeakingDesk:
    """Three presses at once are one release: every verb holds the crowd desk's `changing`."""

    def __init__(
        self,
        *,
        parts: CrowdParts,
        desk: CrowdDesk,
        speaker: Speaker,
        voice: Voice,
        wordings: WordingDesk,
        on_played: OnPlayed,
    ) -> None:
        self._parts = parts
        self._desk = desk
        self.drafting = Drafting(parts=parts, wordings=wordings)
        self.player = Player(
            parts=parts, desk=desk, speaker=speaker, voice=voice, drafting=self.drafting,
            on_played=on_played,
        )  # fmt: skip
        desk.on_end(self.player.end)
        desk.on_adopt(BrokenPlays(parts=parts, desk=desk).end)

    async def announce(
        self,
        alert_id: str,
        template_id: str,
        cause: Cause,
        *,
        values: Mapping[str, str] | None = None,
        language: str = "zh",
        repeat: int = 1,
    ) -> AnnouncementView:
        """Release a template for an alert, to be played once or twice; its volume is its profile's.

        `values` are the Chinese words picked for its slots. AnnouncementBlocked with every reason
        if it may not.
        """
        watch, alert = self._in_sortie(alert_id)
        chosen = await self.drafting.choose(
            crowd_of(alert), template_id, values=values or {}, language=language, repeat=repeat
        )
        return await self._say(watch, alert_id, chosen, cause)

    async def announce_below(
        self,
        template_id: str,
        cause: Cause,
        *,
        values: Mapping[str, str] | None = None,
        language: str = "zh",
        repeat: int = 1,
    ) -> AnnouncementView:
        """Release a template for whoever is under the aircraft on its patrol, without an alert.

        So notices are made at its beginning and end, and advice on the way; what is said to a
        crowd is blocked. Refused while no sortie is flown.
        """
        watch = self._flown()
        chosen = await self.drafting.choose(
            self.drafting.below(), template_id, values=values or {}, language=language,
            repeat=repeat,
        )  # fmt: skip
        return await self._say(watch, "", chosen, cause)

    async def speak(
        self,
        alert_id: str,
        text: str,
        cause: Cause,
        *,
        language: str,
        category: Category,
        repeat: int = 1,
    ) -> AnnouncementView:
        """Release words typed for this moment; who releases them approves them by that."""
        watch, _ = self._in_sortie(alert_id)
        template = typed_words(text, language=language, category=category)
        chosen = Chosen(template=template, language=language, repeat=repeat)
        return await self._say(watch, alert_id, chosen, cause)

    async def override(self, announcement_id: str, reason: str, cause: Cause) -> AnnouncementView:
        """Play words that a rule stopped, on a leader's reason; the rules are asked once more.

        AnnouncementBlocked when something stands against it now that the leader was not shown, or
        that no reason outweighs: it is recorded, so that the next press answers for it knowingly.
        """
        async with self._desk.changing:
            blocked = await self._parts.records.announcement(announcement_id)
            if blocked is None:
                raise LookupError(f"no announcement {announcement_id}")
            watch, alert = self._still_flown(blocked)
            now = self._parts.world.now_utc()
            advance(blocked, AnnouncementEvent.OVERRIDE, cause, now, reason=reason, findings=())
            listeners = self._listeners(alert)
            findings = await self.drafting.look_again(watch, listeners, blocked, cause)
            against = _still_against(blocked, stops(findings))
            shown = {finding.code for finding in blocked.blocked}
            if never_overridden(against) or any(one.code not in shown for one in against):
                await self._tell_blocked(blocked, against, cause, "announcement.blocked_again")
                raise AnnouncementBlocked(
                    f"{announcement_id} may not be overridden as it stands now", against,
                    text_zh=f"喊话{announcement_id}按目前情况不能直接放行，请查看新的原因",
                    announcement_id=announcement_id,
                )  # fmt: skip
            words = advance(
                blocked, AnnouncementEvent.OVERRIDE, cause, now, reason=reason, findings=against
            )
            await self.player.save(words, cause, "announcement.overridden")
            await self._release(watch, alert, words, cause, AlertEvent.OVERRIDE)
            self._desk.tell(
                "announcement.overridden",
                announcement_fields(words)
                | {"by": cause.actor, "released_by": words.released_by, "reason": reason},
            )
        return self._view(words, findings)

    async def stop_speaking(self, cause: Cause) -> Silenced:
        """Silence at once; the announcement then ends as cancelled, by this person."""
        if cause.role not in _STOPPERS:
            raise NotPermitted(cause.actor, " or ".join(role.value for role in _STOPPERS))
        self.player.cancel(cause)
        failure = ""
        try:
            await self.player.speaker.stop()
        except PatrolError as error:
            failure = str(error)
            raise  # whoever pressed it has to know that words may still sound
        finally:
            await self._parts.records.note_though_late(
                "speaker.stop_failed" if failure else "speaker.stopped",
                "",
                {"reason": failure} if failure else {},
                cause=cause,
                at_utc=self._parts.world.now_utc(),
                is_exercise=self._parts.is_exercise,
            )
        self._desk.tell("speaker.stopped", {"by": cause.actor})
        return {"stopped": True}

    def _in_sortie(self, alert_id: str) -> tuple[SortieWatch, CrowdAlert]:
        watch = self._desk.watch
        if watch is None or alert_id not in watch.alerts:
            raise LookupError(f"no alert {alert_id} in this sortie")
        return watch, watch.alerts[alert_id]

    def _flown(self) -> SortieWatch:
        watch = self._desk.watch
        if watch is None or watch.is_over:
            raise Refused("no sortie is being flown", text_zh="没有正在飞行的架次")
        return watch

    def _still_flown(self, blocked: Announcement) -> tuple[SortieWatch, CrowdAlert | None]:
        """The sortie that the words were for, while it is flown, and their alert if they have one.

        LookupError for one of another sortie.
        """
        if blocked.alert_id:
            return self._in_sortie(blocked.alert_id)
        watch = self._flown()
        if watch.sortie_id != blocked.sortie:
            raise LookupError(f"no announcement {blocked.announcement_id} in this sortie")
        return watch, None

    def _listeners(self, alert: CrowdAlert | None) -> Listeners:
        """Refused for the crowd of an alert that may not be spoken to in its state."""
        if alert is None:
            return self.drafting.below()
        _require_speakable(alert)
        return crowd_of(alert)

    async def _say(
        self, watch: SortieWatch, alert_id: str, chosen: Chosen, cause: Cause
    ) -> AnnouncementView:
        """Without an alert's id for whoever is below."""
        async with self._desk.changing:
            alert = watch.alerts[alert_id] if alert_id else None
            listeners = self._listeners(alert)
            draft, findings = await self.drafting.draft(watch, listeners, chosen, cause)
            if stopping := stops(findings):
                await self._block(watch, draft, stopping, cause)
                raise AnnouncementBlocked(
                    f"{draft.template_id} may not be played now", stopping,
                    text_zh=f"{draft.template_id}目前不能播放：{stopping[0].text_zh}",
                    announcement_id=draft.announcement_id,
                )  # fmt: skip
            await self.player.save(draft, cause, "announcement.released")
            await self._release(watch, alert, draft, cause, AlertEvent.ANNOUNCE)
            self._desk.tell(
                "announcement.released", announcement_fields(draft) | {"by": cause.actor}
            )
        return self._view(draft, findings)

    async def _release(
        self,
        watch: SortieWatch,
        alert: CrowdAlert | None,
        words: Announcement,
        cause: Cause,
        event: AlertEvent,
    ) -> None:
        if alert is not None:
            await self._desk.move_alone(
                alert.alert_id,
                event,
                cause,
                "alert.announcing",
                announcement_id=words.announcement_id,
            )
        watch.announcements.append(words)
        number = 1 if alert is None else alert.played_count + 1
        self.player.begin(Release(watch=watch, alert=alert, announcement=words, number=number))

    async def _block(
        self, watch: SortieWatch, draft: Announcement, findings: list[Finding], cause: Cause
    ) -> None:
        now = self._parts.world.now_utc()
        blocked = advance(draft, AnnouncementEvent.BLOCK, _RULES, now, findings=findings)
        if draft.alert_id:
            # From here on the crowd is watched as one that nobody spoke to.
            watch.blocked_utc.setdefault(draft.alert_id, now)
        await self._tell_blocked(blocked, findings, cause, "announcement.blocked")

    async def _tell_blocked(
        self, words: Announcement, findings: list[Finding], cause: Cause, action: str
    ) -> None:
        blocked = replace(words, blocked=tuple(findings))
        await self.player.save(blocked, cause, action)
        reason = "; ".join(finding.text for finding in findings)
        fields = announcement_fields(blocked) | {
            "reason": reason,
            "reason_zh": "；".join(finding.text_zh for finding in findings),
        }
        self._desk.tell("announcement.blocked", fields)
        self._view(blocked, findings)

    def _view(self, announcement: Announcement, findings: list[Finding]) -> AnnouncementView:
        """Show the announcement on the board and give the same to the caller."""
        shown = announcement_view(announcement, findings)
        self._parts.board.set(announcement=shown)
        return shown


def _require_speakable(alert: CrowdAlert) -> None:
    is_critical = alert.is_handed_on_at_once and bool(alert.acknowledged_by)
    if alert.state not in SPEAKABLE or (alert.state is AlertState.ESCALATED and not is_critical):
        raise not_to_be_spoken(alert)


def _still_against(blocked: Announcement, fresh: list[Finding]) -> list[Finding]:
    known = {finding.code for finding in fresh}
    kept = [
        finding for finding in blocked.blocked
        if finding.code in _OF_THE_PRESS and finding.code not in known
    ]  # fmt: skip
    return [*fresh, *kept]
