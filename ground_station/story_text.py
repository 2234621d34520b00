"""The story of a sortie in sentences for a person; the same events as `--json` prints."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from patrol.clock import SHANGHAI, parse_utc

Fields = dict[str, Any]


def count_text(count: Fields | None) -> str:
    """A count with its bounds, in whole people."""
    if not count:
        return "not counted"
    return f"{count['estimate']:.0f} people ({count['low']:.0f} to {count['high']:.0f})"


def _clock(utc: str | None) -> str:
    """Day and time in Shanghai."""
    return f"{parse_utc(utc).astimezone(SHANGHAI):%m-%d %H:%M}" if utc else "never"


def _texts(f: Fields) -> str:
    return "".join(f"; {finding.get('text')}" for finding in f.get("findings") or [])


def _look(f: Fields) -> str:
    seen = count_text(f.get("count")) if f.get("is_observed", True) else "not observed"
    return f"look at +{f.get('dt_s', 0) / 60:.0f} min: {seen}"


def _effect(f: Fields) -> str:
    before, after = count_text(f.get("before")), count_text(f.get("after"))
    return f"effect: before {before}, after {after}: {f.get('verdict')}"


def _played(f: Fields) -> str:
    voice = str(f.get("voice", ""))
    source = voice if voice.startswith("recording") else f"speech {voice}".rstrip()
    return f"played {f.get('duration_s', 0):.1f} s: {source}"


def _was_ended(f: Fields) -> str:
    when = f", {_clock(f['ended_utc'])}" if f.get("ended_utc") else ""
    return f"the station before this one hung and was ended by its watchdog{when}"


def _cleared(f: Fields) -> str:
    permits = ", ".join(f.get("permits") or [])
    return f"cleared by {f.get('by')}: " + (
        f"by permit {permits}" if permits else "no permit is needed"
    )


# What became of the guardian's deed; anything else is why it was not done.
_OUTCOMES = {"": "", "done": "", "told": "", "in effect": ", in effect already"}


def _guardian(f: Fields) -> str:
    why = f" ({f['text']})" if f.get("text") else ""
    outcome = str(f.get("outcome") or "")
    became = _OUTCOMES.get(outcome, f", NOT DONE: {outcome}")
    return f"guardian: {f.get('rule')} -> {f.get('action')}{why}{became}"


def _matter(f: Fields, deed: str) -> str:
    why = f": {f['reason']}" if f.get("reason") else ""
    return f"{f.get('by')} {deed} {f.get('case_no')}{why}"


_KINDS = {
    "GATHERING": "聚集 gathering",
    "DENSITY": "拥挤 crowding",
    "QUEUE": "排队 queue",
    "GROWTH": "增多 growing crowd",
}
_SENTENCES: dict[str, Callable[[Fields], str]] = {
    "plan.made": lambda f: (
        f"planned {f.get('grid_name')}: {f.get('length_m', 0):.0f} m, "
        f"{f.get('findings_count', 0)} findings"
    ),
    "plan.finding": lambda f: f"  {f.get('level')}: {f.get('text')}",
    "plan.cleared": _cleared,
    "plan.approved": lambda f: f"plan approved by {f.get('by')}",
    "mission.uploaded": lambda f: f"mission uploaded and read back: {f.get('items')} items",
    "preflight": lambda f: f"pre-flight checked{_texts(f) or ': nothing to say'}",
    "airborne": lambda _: "airborne",
    "waypoint": lambda f: f"waypoint {f.get('index')} of {f.get('total')}",
    "sighting": lambda f: (
        f"sighting: {count_text(f.get('count'))}, {f.get('nearest_person_m') or 0:.0f} m away"
    ),
    "hold": lambda f: f"holding: {f.get('reason', '')}",
    "pilot.has_it": lambda f: f"{f.get('text')}",
    "resumed": lambda _: "patrol resumed at its break point",
    "alert.raised": lambda f: (
        f"ALERT {_KINDS[str(f.get('kind', 'GATHERING'))]}: {count_text(f.get('count'))} in "
        f"{f.get('grid_name')}"
    ),
    "alert.lifted": lambda f: (
        f"ALERT {f.get('level')} (was {f.get('was')}): {count_text(f.get('count'))} in "
        f"{f.get('grid_name')}"
    ),
    "alert.acknowledged": lambda f: f"acknowledged by {f.get('by')}",
    "announcement.released": lambda f: (
        f"{f.get('template')} released by {f.get('by')}: {f.get('text_zh')}"
    ),
    "announcement.played": _played,
    "announcement.blocked": lambda f: f"announcement blocked: {f.get('reason')}",
    "look": _look,
    "effect": _effect,
    "case.filed": lambda f: (
        f"case {f.get('case_no')} filed: {f.get('severity')} at "
        f"{f.get('tier')}, owner {f.get('owner_unit')} / {f.get('owner_person')}, "
        f"due {_clock(f.get('due_utc'))}"
    ),
    "preflight.waits": lambda f: f"not ready yet, waiting: {f.get('reason')}",
    "arming.waits": lambda f: f"the autopilot does not arm yet, trying again: {f.get('reason')}",
    "return.refused": lambda f: f"it does not come home, asking again: {f.get('reason')}",
    "mission.cancelled": lambda f: (
        f"mission {f.get('mission')} cancelled by {f.get('by')}: {f.get('reason')}"
    ),
    "mission.expired": lambda f: f"mission {f.get('mission')} has run out: {f.get('reason')}",
    "mission.abort_asked": lambda f: (
        f"{f.get('by')} asks to abort mission {f.get('mission')}: {f.get('reason')}"
    ),
    "mission.aborted": lambda f: (
        f"mission {f.get('mission')} aborted by {f.get('by')}: {f.get('reason')}"
    ),
    "mission.flown": lambda _: "every leg flown",
    "returning": lambda f: f"returning home: {f.get('reason', '')}".rstrip(": "),
    "landed": lambda f: f"landed, battery {f.get('battery_pct') or 0:.0f} %",
    "log.closed": lambda f: f"patrol log closed: {f.get('rows')} rows, head {f.get('head')}",
    "speed": lambda f: f"world speed {f.get('speed'):g}x: {f.get('reason')}",
    "guardian": _guardian,
    "sortie.aborted": lambda f: f"sortie broken off: {f.get('reason')}{_texts(f)}",
    "sortie.adopted": lambda f: (
        f"found in the air again on its plan ({f.get('mode')}, waypoint {f.get('waypoint')} of "
        f"{f.get('total')})" + (": it holds until the pilot resumes" if f.get("held") else "")
    ),
    "sortie.not_adopted": lambda f: f"in the air, but not taken over: {f.get('reason')}",
    "sortie.found_ended": lambda f: f"an earlier sortie is over: {f.get('reason')}",
    "sortie.trouble": lambda f: f"trouble in the air: {f.get('reason')}",
    "alert.dismissed": lambda f: f"alert dismissed by {f.get('by')}: {f.get('reason')}",
    "alert.renotified": lambda f: f"alert not acknowledged: {f.get('text')}",
    "alert.escalated": lambda f: f"alert handed on by {f.get('by')}: {f.get('reason')}",
    "hold.over": lambda f: f"hold over: {f.get('reason')}",
    "standoff": lambda f: f"stand-off: {f.get('reason')}",
    "case.closed": lambda f: f"record {f.get('case_no')} closed by {f.get('by')}",
    "log.waits": lambda f: f"the log stays open: {f.get('reason')}",
    "announcement.overridden": lambda f: (
        f"{f.get('template')} released by {f.get('released_by')}, overridden by {f.get('by')}: "
        f"{f.get('reason')}"
    ),
    "effect.natural": lambda f: f"nobody spoke to it; {_effect(f)}",
    "effect.resumed": lambda f: (
        f"the observation of {f.get('alert')} goes on after the restart, {f.get('left_s')} s left"
    ),
    "effect.followed": lambda f: (
        f"after {f.get('effect')}: "
        + (
            f"the crowd is back, {f.get('relapse_alert_id')}"
            if f.get("relapse_alert_id")
            else f"a new crowd near by, {f.get('displaced_alert_id')}"
        )
    ),
    "announcement.cancelled": lambda f: f"announcement cancelled: {f.get('reason')}",
    "gathering.noted": lambda f: f"gathering noted, no alert: {f.get('text')}",
    "announcement.failed": lambda f: f"announcement failed: {f.get('reason')}",
    "speaker.stopped": lambda f: f"speech stopped by {f.get('by')}",
    "refused": lambda f: f"refused: {f.get('reason')}",
    "link.lost": lambda f: f"link lost: {f.get('vehicle')} silent for {f.get('age_s')} s",
    "link.back": lambda f: f"link back: {f.get('vehicle')}",
    "link.none": lambda f: f"{f.get('vehicle')} is not there: {f.get('text')}",
    "camera.not_aimed": lambda f: f"the camera of {f.get('vehicle')} did not turn: {f.get('text')}",
    "fleet.stranger": lambda f: (
        f"a stranger is heard, system id {f.get('system_id')} at {f.get('line')}: not commanded"
    ),
    "fleet.same_id": lambda f: (
        f"ANOTHER aircraft has the system id {f.get('system_id')} of {f.get('vehicle')}: refused"
    ),
    "fleet.station": lambda f: f"another ground station is heard, system id {f.get('system_id')}",
    "station.other_command": lambda f: (
        f"ANOTHER ground station, system id {f.get('system_id')}, commands {f.get('vehicle')} "
        f"(MAVLink command {f.get('command')})"
    ),
    "station.other_upload": lambda f: (
        f"ANOTHER ground station, system id {f.get('system_id')}, changed what is on board of "
        f"{f.get('vehicle')}: upload again"
    ),
    "vehicle.restarted": lambda f: f"the autopilot of {f.get('vehicle')} restarted",
    "stream.stopped": lambda f: f"{f.get('vehicle')} tells no {f.get('stream')} any more",
    "stream.back": lambda f: f"{f.get('vehicle')} tells {f.get('stream')} again",
    "telemetry.lost": lambda f: str(f.get("text")),
    "tlog.dropped": lambda f: f"{f.get('frames')} frames are missing in {f.get('file')}",
    "tlog.failed": lambda f: f"the link is not recorded in {f.get('file')}: {f.get('reason')}",
    "kill.armed": lambda f: f"KILL of {f.get('vehicle')} prepared for {f.get('within_s', 0):.0f} s",
    "kill.sent": lambda f: f"KILL of {f.get('vehicle')} sent: its motors stop",
    "parameter.set": lambda f: (
        f"{f.get('parameter')} set from {f.get('before') or 0:.0f} to {f.get('value')}: "
        f"{f.get('reason')}"
    ),
    "watchdog.lost": lambda f: f"the watchdog ended (code {f.get('code')}) and is started again",
    "station.was_ended": _was_ended,
    "case.verify": lambda f: _matter(f, "verified"),
    "case.reject": lambda f: _matter(f, "rejected"),
    "case.merge": lambda f: _matter(f, "merged"),
    "case.file": lambda f: _matter(f, "filed"),
    "case.void": lambda f: _matter(f, "voided"),
    "case.dispatch": lambda f: _matter(f, "dispatched"),
    "case.accept": lambda f: _matter(f, "accepted"),
    "case.return": lambda f: _matter(f, "returned"),
    "case.escalate": lambda f: _matter(f, "escalated"),
    "case.feed_back": lambda f: _matter(f, "fed back on"),
    "case.ask_deferral": lambda f: _matter(f, "asked to defer"),
    "case.defer": lambda f: _matter(f, "deferred"),
    "case.ask_suspension": lambda f: _matter(f, "asked to suspend"),
    "case.suspend": lambda f: _matter(f, "suspended"),
    "case.resume": lambda f: _matter(f, "resumed"),
    "case.check": lambda f: _matter(f, "checked"),
    "case.close": lambda f: _matter(f, "closed"),
    "case.close_record": lambda f: _matter(f, "closed the record"),
    "case.rework": lambda f: _matter(f, "sent back for rework"),
    "case.reassign": lambda f: _matter(f, "reassigned"),
    "case.evaluate": lambda f: _matter(f, "evaluated"),
    "case.reopen": lambda f: _matter(f, "reopened"),
    "case.link_report": lambda f: _matter(f, "linked a report to"),
    "case.answer_reporter": lambda f: _matter(f, "answered who reported"),
    "case.note": lambda f: _matter(f, "noted on"),
    "case.reported": lambda f: f"{f.get('by')} opened {f.get('case_no')}",
    "case.overdue": lambda f: f"case {f.get('case_no')} is late: {f.get('text')}",
    "dispatch.sent": lambda f: (
        f"{f.get('by')} sent task {f.get('dispatch')} to {f.get('unit')}, case {f.get('case_no')}"
    ),
    "dispatch.accept": lambda f: f"{f.get('by')} accepted task {f.get('dispatch')}",
    "dispatch.return": lambda f: f"{f.get('by')} returned task {f.get('dispatch')}",
    "dispatch.reply": lambda f: f"{f.get('by')} replied to task {f.get('dispatch')}",
    "dispatch.overdue": lambda f: f"task {f.get('dispatch')}: {f.get('text')}",
    "report.received": lambda f: f"report {f.get('report')} received",
    "report.link": lambda f: f"report {f.get('report')} linked to case {f.get('case_no')}",
    "report.reject": lambda f: f"{f.get('by')} rejected report {f.get('report')}",
    "report.answer": lambda f: f"{f.get('by')} answered report {f.get('report')}",
    "report.unanswered": lambda f: f"report {f.get('report')}: {f.get('text')}",
    "whistle.raised": lambda f: f"{f.get('by')} raised whistle {f.get('whistle')}: {f.get('need')}",
    "whistle.check_in": lambda f: f"{f.get('by')} checked in to whistle {f.get('whistle')}",
    "whistle.fly": lambda f: f"{f.get('by')} sent an aircraft to whistle {f.get('whistle')}",
    "whistle.withdraw": lambda f: f"{f.get('by')} withdrew whistle {f.get('whistle')}",
    "whistle.unanswered": lambda f: f"whistle {f.get('whistle')}: {f.get('text')}",
    "notice.drafted": lambda f: f"notice {f.get('notice')} drafted",
    "notice.edit": lambda f: f"{f.get('by')} edited notice {f.get('notice')}",
    "notice.review": lambda f: f"{f.get('by')} reviewed notice {f.get('notice')}",
    "notice.publish": lambda f: f"{f.get('by')} published notice {f.get('notice')}",
    "notice.withdraw": lambda f: f"{f.get('by')} withdrew notice {f.get('notice')}",
    "sighting.confirm": lambda f: f"{f.get('by')} confirmed sighting {f.get('sighting')}",
    "sighting.edit": lambda f: f"{f.get('by')} corrected sighting {f.get('sighting')}",
    "sighting.dismiss": lambda f: f"{f.get('by')} dismissed sighting {f.get('sighting')}",
    "vehicle.said": lambda f: f"autopilot: {f.get('text')}",
}


_HEAD = frozenset({"t_utc", "event", "sortie", "grid", "aircraft"})


def sentence(event: Fields) -> str:
    """One line: time in Shanghai, then what happened."""
    local = parse_utc(event["t_utc"]).astimezone(SHANGHAI).strftime("%H:%M:%S")
    name = event["event"]
    extra = {k: v for k, v in event.items() if k not in _HEAD}
    write = _SENTENCES.get(name)
    plain = " ".join(f"{key}={value}" for key, value in extra.items())
    return f"{local}  {write(extra) if write else f'{name} {plain}'.rstrip()}"
