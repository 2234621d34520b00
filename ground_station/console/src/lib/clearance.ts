/** What the law says of the chosen sortie: asked anew when the plan, its take-off or its name changes. */
import { computed, ref, shallowRef, watch } from "vue";

import { language } from "../words";
import { worldMs } from "./live";
import { takeoffUtc } from "./planForm";
import { approvedBy, flight } from "./planning";
import type { Clearance, Deadline } from "./planTypes";
import type { Refusal } from "./session";

/** Null as long as it is not known, and where the station has no such table. */
export const clearance = shallowRef<Clearance | null>(null);
export const refusal = shallowRef<Refusal | null>(null);
export const isAsking = ref(false);
let lastAsked = 0;

const planId = computed(() => flight.value?.plan.plan_id ?? null);
watch([planId, takeoffUtc, approvedBy], () => void readClearance(), { immediate: true });
watch(planId, () => (clearance.value = null));

export async function readClearance(): Promise<void> {
  const asked = ++lastAsked;
  refusal.value = null;
  if (planId.value === null) {
    clearance.value = null;
    return;
  }
  isAsking.value = true;
  const at = takeoffUtc.value ? `?at=${encodeURIComponent(takeoffUtc.value)}` : "";
  try {
    const answer = await fetch(`/api/plans/${encodeURIComponent(planId.value)}/clearance${at}`);
    const told: unknown = await answer.json().catch(() => ({}));
    if (asked === lastAsked) take(answer, told);
  } catch {
    // The station is away: the whole console says so. What was known stays with its age.
  } finally {
    if (asked === lastAsked) isAsking.value = false;
  }
}

function take(answer: Response, told: unknown): void {
  clearance.value = answer.ok ? (told as Clearance) : null;
  if (answer.ok || answer.status === 404) return;
  const { error = "", error_zh = "" } = told as { error?: string; error_zh?: string };
  refusal.value = { error, errorZh: error_zh };
}

/** Both languages come; the chosen one is shown. */
export const told = (en: string, zh: string) => (language.value === "en" ? en : zh || en);

/** Seconds until a deadline, running; negative once it has passed. */
export const leftS = (deadline: Deadline) =>
  worldMs.value === null ? null : (Date.parse(deadline.due_utc) - worldMs.value) / 1000;
