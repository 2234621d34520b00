/** The story's events by name, and how their fields are read without trusting their types. */
import type { Count, StoryEvent } from "../lib/types";

export type StoryName =
  | "plan.made" | "plan.finding" | "plan.approved" | "mission.uploaded" | "airborne" | "waypoint"
  | "sighting" | "hold" | "pilot.has_it" | "resumed" | "alert.raised" | "alert.acknowledged" | "alert.dismissed"
  | "gathering.noted" | "announcement.released" | "announcement.played" | "announcement.blocked"
  | "announcement.failed" | "speaker.stopped" | "look" | "effect" | "case.filed" | "mission.flown"
  | "returning" | "landed" | "sortie.aborted" | "log.closed" | "speed" | "guardian"
  | "vehicle.said" | "parameter.set" | "sortie.trouble" | "preflight.waits" | "arming.waits" | "return.refused" | "sortie.adopted" | "sortie.not_adopted" | "sortie.found_ended"
  | "link.lost" | "link.back" | "link.none" | "camera.not_aimed" | "refused" | "preflight"
  | "watchdog.lost" | "station.was_ended"
  | "alert.renotified" | "alert.escalated" | "hold.over" | "standoff" | "case.closed" | "log.waits"
  | "announcement.cancelled"
  | "fleet.stranger" | "fleet.same_id" | "fleet.station" | "station.other_command"
  | "station.other_upload" | "vehicle.restarted" | "stream.stopped" | "stream.back"
  | "tlog.dropped" | "tlog.failed" | "kill.armed" | "kill.sent";

export type StorySentences = Readonly<Record<StoryName, (event: StoryEvent) => string>>;

/** Events that a person skims: shown fainter. */
export const MINOR: ReadonlySet<string> = new Set<StoryName>([
  "plan.finding", "waypoint", "look", "speed", "vehicle.said", "mission.uploaded", "preflight",
]);

export const text = (value: unknown): string =>
  value === null || value === undefined ? "" : String(value);
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
