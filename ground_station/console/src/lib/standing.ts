/** What an alert still asks of the people at the console, whatever else was done with it. */
import type { Alert } from "./types";

/** The words that may be armed: safety words for a critical density, else those of the order. */
export const wordsFor = (alert: Alert | null) => (alert?.level === "CRITICAL" ? "T04" : "T01");

/**
 * The state that counts for the buttons. The station hands a critical crowd on to the centre by
 * itself, at once; somebody of the squad still has to acknowledge it and may speak to it.
 */
export function standing(alert: Alert | null): string {
  if (!alert) return "";
  if (alert.level !== "CRITICAL" || alert.state !== "ESCALATED") return alert.state;
  return alert.acknowledged_by ? "ACKNOWLEDGED" : "RAISED";
}

/** Whether nobody has answered yet. */
export const isCalling = (alert: Alert) => standing(alert) === "RAISED";
