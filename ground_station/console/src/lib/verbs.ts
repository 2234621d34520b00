/** What a person can make the station do, and what it answered when it would not. */
import { reactive, ref } from "vue";

import { chosen } from "./live";
import { headers, leave, session } from "./session";
import type { Finding } from "./types";

export interface Refusal {
  error: string;
  errorZh: string;
  findings: Finding[];
}

export type Verb =
  | "acknowledge" | "dismiss" | "release" | "stop" | "hold" | "resume" | "return"
  | "plan" | "approve" | "launch" | "sheet" | "rest" | "cancel" | "call";

/** By aircraft and verb: what is on its way, and the last refusal, until the verb is tried again. */
const pending = reactive(new Set<string>());
const refusals = reactive(new Map<string, Refusal>());
const keyOf = (verb: Verb) => `${chosen.value} ${verb}`;
export const isPending = (verb: Verb) => pending.has(keyOf(verb));
export const refusalOf = (verb: Verb) => refusals.get(keyOf(verb));
/** At a shared console somebody has to sit down first: under one of these roles. */
export const pinAsked = ref<{ roles: string[]; again: () => void } | null>(null);

const POWER_OF: Record<Verb, string> = {
  acknowledge: "acknowledge", dismiss: "dismiss", release: "announce", stop: "stop_speaking",
  hold: "hold", resume: "resume", return: "return",
  plan: "plan", approve: "approve_plan", launch: "launch", sheet: "plan", rest: "plan", call: "plan", cancel: "cancel_plan",
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

/** Whether one of the roles here has the power; at a shared console anybody may sit down for it. */
export function mayDo(verb: Verb): boolean {
  const who = session.value;
  return who !== null && (who.is_shared || who.may.includes(POWER_OF[verb]));
}

/** True when it was done; `done` gets the answer, also when it comes only after a PIN. */
export const send = <T>(verb: Verb, path: string, more: object = {}, done?: (told: T) => void) =>
  ask({
    verb, path, how: { method: "POST", body: JSON.stringify(more) },
    take: async (answer) => {
      const told = (await answer.json()) as T;
      done?.(told);
    },
  });

/** A file under its own name into the person's downloads. */
export const save = (verb: Verb, path: string) =>
  ask({
    verb, path, how: {},
    take: async (answer) => {
      const link = document.createElement("a");
      link.href = URL.createObjectURL(await answer.blob());
      link.download = /filename="?([^";]+)/.exec(answer.headers.get("content-disposition") ?? "")?.[1] ?? "";
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href));
    },
  });

interface Asking {
  verb: Verb;
  path: string;
  how: RequestInit;
  take: (answer: Response) => Promise<void>;
}

/** Of the aircraft that is looked at now, also when a PIN comes first. */
async function ask(asking: Asking, key = keyOf(asking.verb)): Promise<boolean> {
  if (pending.has(key)) return false;
  pending.add(key);
  refusals.delete(key);
  try {
    const answer = await fetch(`/api/${asking.path}`, { ...asking.how, headers: headers() });
    if (answer.ok) {
      await asking.take(answer);
      return true;
    }
    const told = (await answer.json().catch(() => ({}))) as Answer;
    if (answer.status === 401) leave();
    else if (told.needs === "pin") {
      pinAsked.value = { roles: told.roles ?? [], again: () => void ask(asking, key) };
    } else refusals.set(key, asRefusal(told, answer.status));
    return false;
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

interface Answer {
  error?: string;
  error_zh?: string;
  findings?: Finding[];
  needs?: string;
  roles?: string[];
}

function asRefusal(body: Answer, status: number): Refusal {
  return {
    error: body.error ?? `The station refused (${status}).`,
    errorZh: body.error_zh ?? "",
    findings: body.findings ?? [],
  };
}
