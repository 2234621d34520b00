/** The story in English, one sentence for each event. */
import type { StoryEvent } from "../lib/types";
import { dueText, spanText } from "../lib/time";
import {
  bounds, countOf, findingTexts, listed, recordedTongue, speed, type StorySentences, tenth, text, whole,
} from "./story";

const VERDICTS: Readonly<Record<string, string>> = {
  dispersed: "the crowd dispersed", persisting: "the crowd stayed", unknown: "it cannot be told",
};
/** What became of the deed; anything else is why it was not done. */
const OUTCOMES: Readonly<Record<string, string>> = {
  "": "", done: "", told: "", "in effect": " (in effect already)",
};
const TONGUES: Readonly<Record<string, string>> = {
  zh: "recorded, Mandarin", teochew: "recorded, Teochew", en: "recorded, English",
};
const TIERS: Readonly<Record<string, string>> = {
  SMALL: "small grid", MIDDLE: "middle grid (community)", LARGE: "large grid (street)",
  DISTRICT: "district centre",
};

function people(value: unknown): string {
  const count = countOf(value);
  if (!count) return "not counted";
  const [estimate, low, high] = bounds(count);
  return `${estimate} people (${low} to ${high})`;
}

/** What became of a case, by whom and why. */
function matter(event: StoryEvent, deed: string): string {
  const why = text(event.reason);
  return `${text(event.by)} ${deed} ${text(event.case_no)}${why ? `: ${why}` : ""}`;
}

const KINDS: Readonly<Record<string, string>> = {
  GATHERING: "聚集 gathering", DENSITY: "拥挤 crowding", QUEUE: "排队 queue", GROWTH: "增多 growing crowd",
};

export const storyEn: StorySentences = {
  "plan.made": (e) =>
    `Planned ${text(e.grid_name)}: ${whole(e.length_m)} m, ${text(e.findings_count)} findings`,
  "plan.finding": (e) => `${text(e.level)}: ${text(e.text)}`,
  "plan.cleared": (e) => {
    const permits = listed(e.permits).join(", ");
    return `Plan cleared by ${text(e.by)}: ${permits ? `by permit ${permits}` : "no application is needed"}`;
  },
  "plan.approved": (e) => `Plan approved by ${text(e.by)}`,
  "mission.uploaded": (e) => `Mission uploaded and read back: ${text(e.items)} items`,
  airborne: () => "Airborne",
  preflight: (e) => {
    const found = findingTexts(e.findings, false);
    return found ? `Pre-flight checks: ${found}` : "Pre-flight checks passed";
  },
  waypoint: (e) => `Waypoint ${text(e.index)}${e.total ? ` of ${text(e.total)}` : ""} reached`,
  sighting: (e) =>
    `Possible gathering: ${people(e.count)}, nearest person ${whole(e.nearest_person_m)} m away`,
  hold: (e) => (text(e.reason) ? `Holding: ${text(e.reason)}` : "Holding"),
  "pilot.has_it": (e) => `The pilot has the aircraft (mode ${text(e.mode)}): nothing automatic until resumed`,
  resumed: () => "Patrol resumed at its break point",
  "alert.raised": (e) =>
    `ALERT ${KINDS[text(e.kind)] ?? text(e.kind)} in ${text(e.grid_name)}: ${people(e.count)}`,
  "alert.lifted": (e) =>
    `ALERT ${text(e.level)}, was ${text(e.was)}, in ${text(e.grid_name)}: ${people(e.count)}`,
  "alert.acknowledged": (e) => `Alert acknowledged by ${text(e.by)}`,
  "alert.dismissed": (e) => `Alert dismissed by ${text(e.by)}: ${text(e.reason)}`,
  "gathering.noted": (e) => text(e.text),
  "announcement.released": (e) =>
    `${text(e.template)} released by ${text(e.by)}: ${text(e.text_zh)}`,
  "announcement.played": (e) => `Played ${tenth(e.duration_s)} s: ${TONGUES[recordedTongue(e.voice)] ?? "machine speech"}`,
  "announcement.blocked": (e) =>
    `Announcement blocked: ${findingTexts(e.findings, false) || text(e.reason)}`,
  "announcement.failed": (e) => `Announcement failed: ${text(e.reason)}`,
  "speaker.stopped": (e) => `Speech stopped by ${text(e.by)}`,
  look: (e) =>
    `Look ${spanText(Number(e.dt_s) || 0)} after speaking: ${e.is_observed === false ? "not observed" : people(e.count)}`,
  effect: (e) =>
    `Effect: before ${people(e.before)}, after ${people(e.after)}: ${VERDICTS[text(e.verdict)] ?? text(e.verdict)}`,
  "case.filed": (e) =>
    `Case ${text(e.case_no)} filed: ${TIERS[text(e.tier)] ?? text(e.tier)}, ${text(e.owner_unit)} ${text(e.owner_person)}`
    + (e.due_utc ? `, due ${dueText(text(e.due_utc), Date.parse(e.t_utc))}` : ""),
  "mission.flown": () => "Every leg flown",
  "mission.cancelled": (e) => `Mission ${text(e.mission)} cancelled by ${text(e.by)}: ${text(e.reason)}`,
  "mission.expired": (e) => `Mission ${text(e.mission)} has run out: ${text(e.reason)}`,
  "mission.abort_asked": (e) => `${text(e.by)} asks to abort mission ${text(e.mission)}: ${text(e.reason)}`,
  "mission.aborted": (e) => `Mission ${text(e.mission)} aborted by ${text(e.by)}: ${text(e.reason)}`,
  returning: (e) => (text(e.reason) ? `Returning home: ${text(e.reason)}` : "Returning home"),
  landed: (e) => `Landed, battery ${whole(e.battery_pct)} %`,
  "sortie.aborted": (e) =>
    `Sortie aborted: ${[text(e.reason), findingTexts(e.findings, false)].filter(Boolean).join("; ")}`,
  "log.closed": (e) => `Patrol log closed: ${text(e.rows)} rows, head ${text(e.head).slice(0, 12)}`,
  speed: (e) => `World clock ×${speed(e.speed)}: ${text(e.reason)}`,
  guardian: (e) =>
    `Guardian: ${text(e.text) || text(e.rule).replace(/[._]/g, " ")} → ${text(e.action)}`
    + (OUTCOMES[text(e.outcome)] ?? `, NOT DONE: ${text(e.outcome)}`),
  "sortie.adopted": (e) =>
    `Found in the air again on its plan (${text(e.mode)}, waypoint ${whole(e.waypoint)} of ${whole(e.total)})`
    + (e.held ? ": it holds until the pilot resumes" : ""),
  "sortie.not_adopted": (e) => `In the air, but not taken over: ${text(e.reason)}`,
  "sortie.found_ended": (e) => `An earlier sortie is over: ${text(e.reason)}`,
  "preflight.waits": (e) => `Not ready yet, waiting: ${text(e.reason)}`,
  "arming.waits": (e) => `The autopilot does not arm yet, trying again: ${text(e.reason)}`,
  "return.refused": (e) => `It does not come home, asking again: ${text(e.reason)}`,
  "sortie.trouble": (e) => `Trouble in the air: ${text(e.reason)}`,
  "link.none": (e) => `${text(e.vehicle)} is not there: ${text(e.text)}`,
  "camera.not_aimed": (e) => `The camera of ${text(e.vehicle)} did not turn: ${text(e.text)}`,
  "link.lost": (e) => `Link lost: ${text(e.vehicle)}`,
  "link.back": (e) => `Link back: ${text(e.vehicle)}`,
  "fleet.stranger": (e) => `A stranger is heard, system id ${text(e.system_id)} at ${text(e.line)}: not commanded`,
  "fleet.same_id": (e) => `Another aircraft has the system id ${text(e.system_id)} of ${text(e.vehicle)}: refused`,
  "fleet.station": (e) => `Another ground station is heard, system id ${text(e.system_id)}`,
  "station.other_command": (e) => `Another ground station, system id ${text(e.system_id)}, commands ${text(e.vehicle)}`,
  "station.other_upload": (e) => `Another ground station, system id ${text(e.system_id)}, changed what is on board of ${text(e.vehicle)}: upload again`,
  "vehicle.restarted": (e) => `The autopilot of ${text(e.vehicle)} restarted`,
  "stream.stopped": (e) => `${text(e.vehicle)} tells no ${text(e.stream)} any more`,
  "stream.back": (e) => `${text(e.vehicle)} tells ${text(e.stream)} again`,
  "tlog.dropped": (e) => `${text(e.frames)} frames are missing in ${text(e.file)}`,
  "tlog.failed": (e) => `The link is not recorded in ${text(e.file)}: ${text(e.reason)}`,
  "kill.armed": (e) => `KILL of ${text(e.vehicle)} prepared for ${whole(e.within_s)} s`,
  "kill.sent": (e) => `KILL of ${text(e.vehicle)} sent: its motors stop`,
  "alert.renotified": (e) => `Alert not acknowledged: ${text(e.text)}`,
  "alert.escalated": (e) => `Alert handed on by ${text(e.by)}: ${text(e.reason)}`,
  "hold.over": (e) => `Hold over: ${text(e.reason)}`,
  standoff: (e) => `Stand-off: ${text(e.reason)}`,
  "case.closed": (e) => `Record ${text(e.case_no)} closed by ${text(e.by)}`,
  "log.waits": (e) => `The log stays open: ${text(e.reason)}`,
  "announcement.cancelled": (e) => `Announcement cancelled: ${text(e.reason)}`,
  "parameter.set": (e) => `${text(e.parameter)} set from ${whole(e.before)} to ${whole(e.value)}: ${e.parameter === "RTL_TYPE" ? "so that it comes home by the plan's way" : "the plan returns on link loss"}`,
  "watchdog.lost": () => "The station's watchdog ended and is started again",
  "station.was_ended": (e) =>
    "The station before this one hung and was ended by its watchdog"
    + (e.ended_utc ? ` (${dueText(text(e.ended_utc), Date.parse(e.t_utc))})` : ""),
  "vehicle.said": (e) => `Autopilot: ${text(e.text)}`,
  refused: (e) => `Not done: ${text(e.reason)}`,
  "case.verify": (e) => matter(e, "verified"),
  "case.reject": (e) => matter(e, "rejected"),
  "case.merge": (e) => matter(e, "merged"),
  "case.file": (e) => matter(e, "filed"),
  "case.void": (e) => matter(e, "voided"),
  "case.dispatch": (e) => matter(e, "dispatched"),
  "case.accept": (e) => matter(e, "accepted"),
  "case.return": (e) => matter(e, "returned"),
  "case.escalate": (e) => matter(e, "escalated"),
  "case.feed_back": (e) => matter(e, "fed back on"),
  "case.ask_deferral": (e) => matter(e, "asked to defer"),
  "case.defer": (e) => matter(e, "deferred"),
  "case.ask_suspension": (e) => matter(e, "asked to suspend"),
  "case.suspend": (e) => matter(e, "suspended"),
  "case.resume": (e) => matter(e, "resumed"),
  "case.check": (e) => matter(e, "checked"),
  "case.close": (e) => matter(e, "closed"),
  "case.close_record": (e) => matter(e, "closed the record"),
  "case.rework": (e) => matter(e, "sent back for rework"),
  "case.reassign": (e) => matter(e, "reassigned"),
  "case.evaluate": (e) => matter(e, "evaluated"),
  "case.reopen": (e) => matter(e, "reopened"),
  "case.link_report": (e) => matter(e, "linked a report to"),
  "case.answer_reporter": (e) => matter(e, "answered who reported"),
  "case.note": (e) => matter(e, "noted on"),
  "case.reported": (e) => `${text(e.by)} opened ${text(e.case_no)}`,
  "case.overdue": (e) => `Case ${text(e.case_no)} is late: ${text(e.text)}`,
  "dispatch.sent": (e) => `${text(e.by)} sent task ${text(e.dispatch)} to ${text(e.unit)} for case ${text(e.case_no)}`,
  "dispatch.accept": (e) => `${text(e.by)} accepted task ${text(e.dispatch)}`,
  "dispatch.return": (e) => `${text(e.by)} returned task ${text(e.dispatch)}`,
  "dispatch.reply": (e) => `${text(e.by)} replied to task ${text(e.dispatch)}`,
  "dispatch.overdue": (e) => `Task ${text(e.dispatch)}: ${text(e.text)}`,
  "report.received": (e) => `Report ${text(e.report)} received`,
  "report.link": (e) => `Report ${text(e.report)} linked to case ${text(e.case_no)}`,
  "report.reject": (e) => `${text(e.by)} rejected report ${text(e.report)}`,
  "report.answer": (e) => `${text(e.by)} answered report ${text(e.report)}`,
  "report.unanswered": (e) => `Report ${text(e.report)}: ${text(e.text)}`,
  "whistle.raised": (e) => `${text(e.by)} raised whistle ${text(e.whistle)}: ${text(e.need)}`,
  "whistle.check_in": (e) => `${text(e.by)} checked in to whistle ${text(e.whistle)}`,
  "whistle.fly": (e) => `${text(e.by)} sent an aircraft to whistle ${text(e.whistle)}`,
  "whistle.withdraw": (e) => `${text(e.by)} withdrew whistle ${text(e.whistle)}`,
  "whistle.unanswered": (e) => `Whistle ${text(e.whistle)}: ${text(e.text)}`,
  "notice.drafted": (e) => `Notice ${text(e.notice)} drafted`,
  "notice.edit": (e) => `${text(e.by)} edited notice ${text(e.notice)}`,
  "notice.review": (e) => `${text(e.by)} reviewed notice ${text(e.notice)}`,
  "notice.publish": (e) => `${text(e.by)} published notice ${text(e.notice)}`,
  "notice.withdraw": (e) => `${text(e.by)} withdrew notice ${text(e.notice)}`,
  "sighting.confirm": (e) => `${text(e.by)} confirmed sighting ${text(e.sighting)}`,
  "sighting.edit": (e) => `${text(e.by)} corrected sighting ${text(e.sighting)}`,
  "sighting.dismiss": (e) => `${text(e.by)} dismissed sighting ${text(e.sighting)}`,
  "telemetry.lost": (e) => text(e.text),
  "announcement.overridden": (e) =>
    `${text(e.template)} released by ${text(e.released_by)}, overridden by ${text(e.by)}: ${text(e.reason)}`,
  "effect.natural": (e) =>
    `Nobody spoke to the crowd: before ${people(e.before)}, after ${people(e.after)}: ${VERDICTS[text(e.verdict)] ?? text(e.verdict)}`,
  "effect.resumed": (e) => `The observation goes on after the restart, ${whole(e.left_s)} s are left`,
  "effect.followed": (e) =>
    (e.relapse_alert_id ? `The crowd is back: ${text(e.relapse_alert_id)}` : `A new crowd near by: ${text(e.displaced_alert_id)}`),
};
