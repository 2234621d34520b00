/** What a person can make the station do, and what it answered when it would not. */
import { reactive } from "vue";

import { chosen } from "./live";
import { person } from "./person";
import type { Finding, Role } from "./types";

export interface Refusal {
  error: string;
  errorZh: string;
  findings: Finding[];
}

export type Verb =
  | "acknowledge" | "dismiss" | "release" | "stop" | "hold" | "resume" | "return";

/** By aircraft and verb: what is on its way, and the last refusal, until the verb is tried again. */
const pending = reactive(new Set<string>());
const refusals = reactive(new Map<string, Refusal>());
const keyOf = (verb: Verb) => `${chosen.value} ${verb}`;
export const isPending = (verb: Verb) => pending.has(keyOf(verb));
export const refusalOf = (verb: Verb) => refusals.get(keyOf(verb));

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
export const stopSpeaking = () => send("stop", "speaker/stop", { aircraft: chosen.value });
export const command = (verb: "hold" | "resume" | "return") =>
  send(verb, `sortie/${verb}`, { aircraft: chosen.value });

async function send(verb: Verb, path: string, more: Record<string, string> = {}): Promise<boolean> {
  const key = keyOf(verb);
  if (pending.has(key)) return false;
  pending.add(key);
  refusals.delete(key);
  try {
    const answer = await fetch(`/api/${path}`, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-GridPatrol": "console" },
      body: JSON.stringify({ person: person.value.trim(), role: ROLE_OF[verb], ...more }),
    });
    if (!answer.ok) refusals.set(key, await readRefusal(answer));
    return answer.ok;
  } catch {
    refusals.set(key, {
      error: "The station did not answer. Nothing was done, as far as this console knows.",
      errorZh: "指挥站没有应答；就本控制台所知，操作未执行。",
      findings: [],
    });
    return false;
  } finally {
    pending.delete(key);
  }
}

async function readRefusal(answer: Response): Promise<Refusal> {
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
