/** What the station offered on the planning screen, and what may be pressed: one answer for all panels. */
import { computed, reactive, ref, shallowRef, watch } from "vue";

import { words } from "../words";
import { choose, chosen, isLost, state, units } from "./live";
import { asked, isPlacing, pattern, picked, places, takeoffUtc } from "./planForm";
import type { Approved, CallOffer, Flight, Offer, RestOffer } from "./planTypes";
import { show } from "./screen";
import { isIn } from "./session";
import { isPending, mayDo, send, type Verb } from "./verbs";

const FLYING = new Set(["PREFLIGHT", "AIRBORNE", "HOLDING", "RETURNING", "UNKNOWN"]);
const LANDED = new Set(["LANDED", "CLOSED"]);
const LINE_MIN = 2;

/** What the pilot says before a take-off. */
export const declared = reactive({
  isRemoteIdOk: false, weather: "", terrain: "", onGround: [] as string[],
});

const offered = shallowRef<{ offer: Offer; asked: string } | null>(null);
export const offer = computed(() => offered.value?.offer ?? null);
/** Whether the form asks for something else by now than what is shown. */
export const isOutdated = computed(
  () => offered.value !== null && offered.value.asked !== asked.value,
);
export const flightIndex = ref(0);
export const flight = computed<Flight | null>(() => offer.value?.sorties[flightIndex.value] ?? null);
/** The leg that a finding is about, while somebody looks at it. */
export const legShown = ref<number | null>(null);

const approvedHere = reactive(new Map<string, string>());
/** By plan: under whose name it stands, also where another console's leader gave it. */
export const approvals = computed(() => {
  const told = state.story.filter((event) => event.event === "plan.approved");
  return new Map([...told.map((event) => [String(event.plan), String(event.by)] as const), ...approvedHere]);
});

// Nor is anything offered to one person the next one's.
watch(isIn, (isThere) => {
  if (isThere) return;
  offered.value = null;
  show("live");
});
watch(flightIndex, () => (legShown.value = null));

function whyNobody(verb: Verb): string | null {
  if (isLost.value) return words.value.alert.why.lost;
  if (isPending(verb)) return words.value.alert.why.sending;
  return mayDo(verb) ? null : words.value.alert.why.role;
}

export const whyNotPlan = computed(() => {
  const why = words.value.plan.why;
  if (picked.value === null) return why.grid;
  if (pattern.value === "corridor" && places.value.length < LINE_MIN) return why.line;
  return isPending("plan") ? why.planning : whyNobody("plan");
});

export const approvedBy = computed(() => approvals.value.get(flight.value?.plan.plan_id ?? "") ?? null);

export const whyNotApprove = computed(() => {
  const why = words.value.plan.why;
  if (flight.value === null) return why.noPlan;
  if (approvedBy.value !== null) return why.approved(approvedBy.value);
  if (isOutdated.value) return why.outdated;
  if (flight.value.findings.some((finding) => finding.level === "stop")) return why.stopped;
  return whyNobody("approve");
});

/** The mission of the chosen sortie, as long as it is not over. */
const mission = computed(
  () => state.missions.find((one) => one.mission_id === flight.value?.plan.plan_id) ?? null,
);
/** A launch that pre-flight refused may be tried again; what was in the air is planned anew. */
const wasFlown = computed(() => {
  if (mission.value !== null) return !mission.value.possible.includes("launch");
  return [...units.values()].some(({ state: { sortie } }) =>
    sortie?.plan.plan_id === flight.value?.plan.plan_id && LANDED.has(sortie?.state ?? ""),
  );
});

export const whyNotLaunch = computed(() => {
  const why = words.value.plan.why;
  const made = offer.value;
  if (made === null) return why.noPlan;
  if (approvedBy.value === null) return why.unapproved;
  if (wasFlown.value) return why.flown;
  if (FLYING.has(units.get(made.aircraft)?.state.sortie?.state ?? "")) return why.flying(made.aircraft);
  if (!declared.isRemoteIdOk || !declared.weather.trim()) return why.declare;
  return whyNobody("launch");
});

export function doPlan(): void {
  if (whyNotPlan.value !== null) return;
  const text = asked.value;
  void send<Offer>("plan", "plans", JSON.parse(text) as object, (told) => take(told, text));
}

function take(told: Offer, text: string): void {
  offered.value = { offer: told, asked: text };
  flightIndex.value = 0;
  legShown.value = null;
  isPlacing.value = false;
}

export function doApprove(): void {
  const one = flight.value;
  if (one === null || whyNotApprove.value !== null) return;
  const path = `plans/${encodeURIComponent(one.plan.plan_id)}/approve`;
  const body = { digest: one.digest, ...(takeoffUtc.value ? { takeoff_at: takeoffUtc.value } : {}) };
  void send<Approved>("approve", path, body, (told) => {
    approvedHere.set(one.plan.plan_id, told.approved_by);
    replaceFindings(one, told);
  });
}

export const whyNotRest = computed(() => whyNobody("rest"));

export const whyNotCall = computed(() =>
  places.value.length === 1 ? whyNobody("call") : words.value.plan.why.onePlace,
);

/** Whoever is there first with the battery to come back is sent: a plan to approve, as any. */
export function doCall(): void {
  const [place] = places.value;
  if (place === undefined || whyNotCall.value !== null) return;
  const body = { place: { lon_deg: place[0], lat_deg: place[1] } };
  void send<CallOffer>("call", "calls", body, ({ aircraft, there_s, options, ...flown }) => {
    picked.value = flown.plan.grid_code;
    take(
      { aircraft, sorties: [flown], recently: null, call: { there_s, options } },
      asked.value,
    );
  });
}

/** A plan of what a broken-off sortie left unflown, to be approved and flown as any. */
export function doRest(sortie: string): void {
  if (whyNotRest.value !== null) return;
  const path = `sorties/${encodeURIComponent(sortie)}/rest`;
  void send<RestOffer>("rest", path, { aircraft: chosen.value || undefined }, (told) => {
    picked.value = told.plan.grid_code;
    pattern.value = told.plan.pattern;
    places.value = [];
    const rest = { aircraft: told.aircraft, sorties: [told], recently: null, continues: told.continues };
    take(rest, asked.value);
    show("plan");
  });
}

export const whyNotCancel = computed(() =>
  mission.value?.possible.includes("cancel") ? whyNobody("cancel") : words.value.plan.why.noCancel,
);

/** Its other sorties stay; without any left the screen is free for the next. */
export function doCancel(reason: string): void {
  const one = flight.value;
  if (one === null || whyNotCancel.value !== null) return;
  void send("cancel", `plans/${encodeURIComponent(one.plan.plan_id)}/cancel`, { reason }, () => {
    const now = offered.value;
    const left = now?.offer.sorties.filter((other) => other !== one) ?? [];
    offered.value = now && left.length ? { ...now, offer: { ...now.offer, sorties: left } } : null;
    flightIndex.value = 0;
  });
}

/** They were looked at anew for the approval. */
function replaceFindings(one: Flight, told: Approved): void {
  const now = offered.value;
  if (now === null) return;
  const sorties = now.offer.sorties.map((other) =>
    other.plan.plan_id === one.plan.plan_id ? { ...other, findings: told.findings } : other,
  );
  offered.value = { ...now, offer: { ...now.offer, sorties } };
}

export function doLaunch(): void {
  const one = flight.value;
  const made = offer.value;
  if (one === null || made === null || whyNotLaunch.value !== null) return;
  const declaration = {
    remote_id_ok: declared.isRemoteIdOk, weather: declared.weather.trim(),
    terrain: declared.terrain.trim(), on_ground: declared.onGround,
  };
  const body = { plan_id: one.plan.plan_id, aircraft: made.aircraft, declaration };
  void send("launch", "sorties", body, () => {
    declared.isRemoteIdOk = false; // looked at anew before each flight
    declared.weather = "";
    choose(made.aircraft);
    show("live");
  });
}
