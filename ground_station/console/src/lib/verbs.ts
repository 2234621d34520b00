/** What a person can make the station do, and what it answered when it would not. */
import { reactive } from "vue";

import { person } from "./person";
import type { Finding, Role } from "./types";

export interface Refusal {
  error: string;
  errorZh: string;
  findings: Finding[];
}

export type Verb =
  | "acknowledge" | "dismiss" | "release" | "stop" | "hold" | "resume" | "return";

/** Verbs on their way, and the last refusal of each; a refusal stays until the verb is tried again. */
export const pending = reactive(new Set<Verb>());
export const refusals = reactive(new Map<Verb, Refusal>());

const ROLE_OF: Record<Verb, Role> = {
  acknowledge: "OPER", dismiss: "OPER", release: "ANNC", stop: "ANNC", hold: "PILOT",
  resume: "PILOT", return: "PILOT",
};

export const acknowledge = (alertId: string) =>
  send("acknowledge", `alerts/${encodeURIComponent(alertId)}/acknowledge`);
export const dismiss = (alertId: string, reason: string) =>
  send("dismiss", `alerts/${encodeURIComponent(alertId)}/dismiss`, { reason });
export const release = (alertId: string, template: string) =>
  send("release", `alerts/${encodeURIComponent(alertId)}/announce`, { template });
export const stopSpeaking = () => send("stop", "speaker/stop");
export const command = (verb: "hold" | "resume" | "return") => send(verb, `sortie/${verb}`);

async function send(verb: Verb, path: string, more: Record<string, string> = {}): Promise<boolean> {
  if (pending.has(verb)) return false;
  pending.add(verb);
  refusals.delete(verb);
  try {
    const answer = await fetch(`/api/${path}`, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-GridPatrol": "console" },
      body: JSON.stringify({ person: person.value.trim(), role: ROLE_OF[verb], ...more }),
    });
    if (!answer.ok) refusals.set(verb, await refusalOf(answer));
    return answer.ok;
  } catch {
    refusals.set(verb, {
      error: "The station did not answer. Nothing was done, as far as this console knows.",
      errorZh: "指挥站没有应答；就本控制台所知，操作未执行。",
      findings: [],
    });
    return false;
  } finally {
    pending.delete(verb);
  }
}

async function refusalOf(answer: Response): Promise<Refusal> {
  const body = (await answer.json().catch(() => ({}))) as {
    error?: string;
    error_zh?: string;
    findings?: Finding[];
  };
  return {
    error: body.error ?? `The station refused (${answer.status}).`,
    errorZh: body.error_zh ?? "",
    findings: body.findings ?? [],
  };
}
