/** The story's events by name, and how their fields are read without trusting their types. */
import type { Count, StoryEvent } from "../lib/types";

export type StoryName =
  | "plan.made" | "plan.finding" | "plan.cleared" | "plan.approved" | "mission.uploaded" | "airborne"
  | "preflight" | "waypoint" | "sighting" | "hold" | "pilot.has_it" | "resumed" | "alert.raised"
  | "alert.acknowledged" | "alert.dismissed" | "gathering.noted" | "announcement.released"
  | "announcement.played" | "announcement.blocked" | "announcement.failed" | "speaker.stopped"
  | "look" | "effect" | "case.filed" | "mission.flown" | "returning" | "landed"
  | "sortie.aborted" | "log.closed" | "speed" | "guardian" | "sortie.adopted"
  | "sortie.not_adopted" | "sortie.found_ended" | "preflight.waits" | "arming.waits"
  | "return.refused" | "sortie.trouble" | "link.none" | "camera.not_aimed" | "link.lost"
  | "link.back" | "fleet.stranger" | "fleet.same_id" | "fleet.station" | "station.other_command"
  | "station.other_upload" | "vehicle.restarted" | "stream.stopped" | "stream.back"
  | "tlog.dropped" | "tlog.failed" | "kill.armed" | "kill.sent" | "alert.renotified"
  | "alert.escalated" | "alert.lifted" | "hold.over" | "standoff" | "case.closed" | "log.waits"
  | "announcement.cancelled" | "parameter.set" | "watchdog.lost" | "station.was_ended"
  | "vehicle.said" | "refused" | "case.verify" | "case.reject" | "case.merge" | "case.file"
  | "case.void" | "case.dispatch" | "case.accept" | "case.return" | "case.escalate"
  | "case.feed_back" | "case.ask_deferral" | "case.defer" | "case.ask_suspension"
  | "case.suspend" | "case.resume" | "case.check" | "case.close" | "case.close_record"
  | "case.rework" | "case.reassign" | "case.evaluate" | "case.reopen" | "case.link_report"
  | "case.answer_reporter" | "case.note" | "case.reported" | "case.overdue" | "dispatch.sent"
  | "dispatch.accept" | "dispatch.return" | "dispatch.reply" | "dispatch.overdue"
  | "report.received" | "report.link" | "report.reject" | "report.answer" | "report.unanswered"
  | "whistle.raised" | "whistle.check_in" | "whistle.fly" | "whistle.withdraw"
  | "whistle.unanswered" | "notice.drafted" | "notice.edit" | "notice.review" | "notice.publish"
  | "notice.withdraw" | "sighting.confirm" | "sighting.edit" | "sighting.dismiss"
  | "mission.cancelled" | "mission.expired" | "mission.abort_asked" | "mission.aborted"
  | "telemetry.lost" | "announcement.overridden" | "effect.natural" | "effect.resumed" | "effect.followed";

export type StorySentences = Readonly<Record<StoryName, (event: StoryEvent) => string>>;

/** Events that a person skims: shown fainter. */
export const MINOR: ReadonlySet<string> = new Set<StoryName>([
  "plan.finding", "waypoint", "look", "speed", "vehicle.said", "mission.uploaded", "preflight",
]);

export const text = (value: unknown): string =>
  value === null || value === undefined ? "" : String(value);
/** Texts of a list; none where it is no list. */
export const listed = (value: unknown): string[] => (Array.isArray(value) ? value.map(text) : []);
export const whole = (value: unknown): string =>
  typeof value === "number" ? String(Math.round(value)) : "–";
export const tenth = (value: unknown): string =>
  typeof value === "number" ? value.toFixed(1) : "–";

/** 5, 2.7 */
export const speed = (value: unknown): string =>
  typeof value === "number" ? String(Math.round(value * 10) / 10) : "–";

/** zh, teochew or en for "recording teochew T01.teochew.opus"; empty when a machine spoke. */
export const recordedTongue = (voice: unknown): string =>
  /^recording (\S+)/.exec(text(voice))?.[1] ?? "";

export function countOf(value: unknown): Count | null {
  return typeof value === "object" && value !== null && "estimate" in value
    ? (value as Count)
    : null;
}

export function bounds(count: Count): [estimate: number, low: number, high: number] {
  return [Math.round(count.estimate), Math.floor(count.low), Math.ceil(count.high)];
}

/** A name that the dictionaries do not know yet: its fields, as they came. */
export function unknownSentence(event: StoryEvent): string {
  const { t_utc: _t, event: name, sortie: _s, grid: _g, aircraft: _a, ...rest } = event;
  const fields = Object.entries(rest).map(([key, value]) =>
    `${key} ${typeof value === "object" ? JSON.stringify(value) : text(value)}`,
  );
  return [name, ...fields].join(" · ");
}

/** Findings in a refusal, put behind it. */
export function findingTexts(value: unknown, isChinese: boolean): string {
  if (!Array.isArray(value)) return "";
  return value
    .map((finding: { text?: string; text_zh?: string }) =>
      isChinese ? finding.text_zh || finding.text : finding.text,
    )
    .filter(Boolean)
    .join(isChinese ? "；" : "; ");
}
