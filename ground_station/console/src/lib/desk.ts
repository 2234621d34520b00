/** What can be pressed now, and if not, why: one answer for the buttons and for the keys. */
import { computed, ref, watch } from "vue";

import { words } from "../words";
import { aircraft, isLost, state } from "./live";
import { standing, wordsFor } from "./standing";
import {
  acknowledge, command, dismiss, isPending, mayDo, release, stopSpeaking, type Verb,
} from "./verbs";

const ARMED_FOR_MS = 15_000; // long enough to read the words, short enough not to lie about
const SPEAKABLE = new Set(["ACKNOWLEDGED", "OBSERVING"]);
const UNANSWERED = new Set(["RAISED", "ACKNOWLEDGED"]);
const SPEAKING = new Set(["APPROVED", "QUEUED", "OVERRIDDEN", "PLAYING"]);
const FLYING = new Set(["AIRBORNE", "HOLDING", "RETURNING"]);

export const template = computed(() => wordsFor(state.alert));

const armedFor = ref<string | null>(null);
let disarmTimer = 0;

export const isArmed = computed(() => armedFor.value !== null && armedFor.value === state.alert?.id);
export const isDismissOpen = ref(false);

/** Reasons that hold whatever the alert's state is. */
function whyNobody(verb: Verb): string | null {
  if (isLost.value) return words.value.alert.why.lost;
  return mayDo(verb) ? null : words.value.alert.why.role;
}

const whyNotNow = computed(() => {
  const why = words.value.alert.why;
  const alertState = standing(state.alert);
  if (alertState === "RAISED") return why.first;
  return alertState === "ANNOUNCING" ? why.busy : why.over;
});

export const whyNotAcknowledge = computed(() => {
  const why = words.value.alert.why;
  const alertState = standing(state.alert);
  if (alertState !== "RAISED") {
    return SPEAKABLE.has(alertState) || alertState === "ANNOUNCING" ? why.acknowledged : why.over;
  }
  return isPending("acknowledge") ? why.sending : whyNobody("acknowledge");
});

export const whyNotArm = computed(() =>
  SPEAKABLE.has(standing(state.alert)) ? whyNobody("release") : whyNotNow.value,
);

export const whyNotRelease = computed(() => {
  if (isPending("release")) return words.value.alert.why.sending;
  return whyNotArm.value ?? (isArmed.value ? null : words.value.alert.why.arm);
});

// Its own state counts: what is the centre's case already is no false alarm to take back.
export const whyNotDismiss = computed(() =>
  UNANSWERED.has(state.alert?.state ?? "") ? whyNobody("dismiss") : words.value.alert.why.over,
);

export const isSpeaking = computed(() => SPEAKING.has(state.announcement?.state ?? ""));
export const whyNotStop = computed(() =>
  isSpeaking.value ? whyNobody("stop") : words.value.announce.nothing,
);

export const whyNotCommand = computed(() => {
  const why = words.value.aircraft.why;
  if (!state.sortie || !FLYING.has(state.sortie.state)) return why.noSortie;
  return aircraft.value?.is_in_air === false ? why.ground : whyNobody("hold");
});

// A changed alert is another thing than the one that was armed.
watch(() => `${state.alert?.id} ${state.alert?.state} ${standing(state.alert)} ${template.value}`, () => {
  disarm();
  isDismissOpen.value = false;
});

export function doAcknowledge(): void {
  if (state.alert && whyNotAcknowledge.value === null) void acknowledge(state.alert.id);
}

export function arm(): void {
  if (!state.alert || whyNotArm.value !== null) return;
  clearTimeout(disarmTimer);
  armedFor.value = state.alert.id;
  disarmTimer = window.setTimeout(disarm, ARMED_FOR_MS);
}

export function disarm(): void {
  clearTimeout(disarmTimer);
  armedFor.value = null;
}

export function doRelease(): void {
  if (!state.alert || whyNotRelease.value !== null) return;
  const alertId = state.alert.id;
  const says = template.value;
  disarm();
  void release(alertId, says);
}

export async function doDismiss(reason: string): Promise<void> {
  if (!state.alert || whyNotDismiss.value !== null) return;
  if (await dismiss(state.alert.id, reason)) isDismissOpen.value = false;
}

export function doStop(): void {
  if (whyNotStop.value === null) void stopSpeaking();
}

export function doCommand(verb: "hold" | "resume" | "return"): void {
  if (whyNotCommand.value === null) void command(verb);
}
