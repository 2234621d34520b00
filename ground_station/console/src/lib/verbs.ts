/** What a person can make the station do, and what it answered when it would not. */
import { reactive, ref } from "vue";

import { headers, leave, session } from "./session";
import type { Finding } from "./types";

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
/** At a shared console somebody has to sit down first: under one of these roles. */
export const pinAsked = ref<{ roles: string[]; again: () => void } | null>(null);

const POWER_OF: Record<Verb, string> = {
  acknowledge: "acknowledge", dismiss: "dismiss", release: "announce", stop: "stop_speaking",
  hold: "hold", resume: "resume", return: "return",
};

export const acknowledge = (alertId: string) =>
  send("acknowledge", `alerts/${encodeURIComponent(alertId)}/acknowledge`);
export const dismiss = (alertId: string, reason: string) =>
  send("dismiss", `alerts/${encodeURIComponent(alertId)}/dismiss`, { reason });
export const release = (alertId: string, template: string) =>
  send("release", `alerts/${encodeURIComponent(alertId)}/announce`, { template });
export const stopSpeaking = () => send("stop", "speaker/stop");
export const command = (verb: "hold" | "resume" | "return") => send(verb, `sortie/${verb}`);

/** Whether one of the roles here has the power; at a shared console anybody may sit down for it. */
export function mayDo(verb: Verb): boolean {
  const who = session.value;
  return who !== null && (who.is_shared || who.may.includes(POWER_OF[verb]));
}

async function send(verb: Verb, path: string, more: Record<string, string> = {}): Promise<boolean> {
  if (pending.has(verb)) return false;
  pending.add(verb);
  refusals.delete(verb);
  try {
    const answer = await fetch(`/api/${path}`, {
      method: "POST", headers: headers(), body: JSON.stringify(more),
    });
    if (answer.ok) return true;
    const told = (await answer.json().catch(() => ({}))) as Answer;
    if (answer.status === 401) leave();
    else if (told.needs === "pin") {
      pinAsked.value = { roles: told.roles ?? [], again: () => void send(verb, path, more) };
    } else refusals.set(verb, refusalOf(told, answer.status));
    return false;
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

interface Answer {
  error?: string;
  error_zh?: string;
  findings?: Finding[];
  needs?: string;
  roles?: string[];
}

function refusalOf(body: Answer, status: number): Refusal {
  return {
    error: body.error ?? `The station refused (${status}).`,
    errorZh: body.error_zh ?? "",
    findings: body.findings ?? [],
  };
}
