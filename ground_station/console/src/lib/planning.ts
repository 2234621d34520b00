/** The planning screen's one state: what is asked for, what the station offered, what may be pressed. */
import { computed, reactive, ref, shallowRef, watch } from "vue";

import { words } from "../words";
import { gridNamed } from "./gridSearch";
import { choose, chosen, isLost, state, units } from "./live";
import type { Approved, CallOffer, Flight, Offer, Pattern, RestOffer } from "./planTypes";
import { show } from "./screen";
import { isIn } from "./session";
import type { Place } from "./types";
import { isPending, mayDo, send, type Verb } from "./verbs";

/** A number that a person may leave open; an emptied field is a text. */
type Typed = number | "";
const FLYING = new Set(["PREFLIGHT", "AIRBORNE", "HOLDING", "RETURNING", "UNKNOWN"]);
const LANDED = new Set(["LANDED", "CLOSED"]);
const LINE_MIN = 2;
/** Which fields each pattern has. */
export const NEEDS: Readonly<Record<Pattern, readonly string[]>> = {
  boundary: [], sweep: ["spacing"], points: ["places", "hold"], hold: ["places", "hold"],
  orbit: ["places", "radius"], corridor: ["places", "width", "spacing"],
};

export const picked = ref<string | null>(null);
export const pickedGrid = computed(() => gridNamed(picked.value));
export const pattern = ref<Pattern>("boundary");
export const places = ref<Place[]>([]);
export const isPlacing = ref(false);
export const typed = reactive<Record<"hold" | "spacing" | "radius" | "width", Typed>>({
  hold: "", spacing: "", radius: "", width: "",
});
export const declared = reactive({
  isRemoteIdOk: false, weather: "", terrain: "", onGround: [] as string[],
});

/** When it is to take off, as a field of the page has it: Shanghai's clock, or empty for now. */
export const takeoffTyped = ref("");
export const takeoffUtc = computed(() => (takeoffTyped.value ? `${takeoffTyped.value}:00+08:00` : ""));

export const needs = (field: string) => NEEDS[pattern.value].includes(field);

/** As the station takes it: what was left open or is not this pattern's is not sent. */
const asked = computed(() => ({
  grid_code: picked.value,
  pattern: pattern.value,
  aircraft: chosen.value || undefined,
  places: needs("places") ? places.value.map(([lon_deg, lat_deg]) => ({ lon_deg, lat_deg })) : [],
  hold_s: numberOf("hold"),
  spacing_m: numberOf("spacing"),
  radius_m: numberOf("radius"),
  width_m: numberOf("width"),
}));

function numberOf(field: keyof typeof typed): number | undefined {
  return needs(field) && typed[field] !== "" ? Number(typed[field]) : undefined;
}

const offered = shallowRef<{ offer: Offer; asked: string } | null>(null);
export const offer = computed(() => offered.value?.offer ?? null);
/** Whether the form asks for something else by now than what is shown. */
export const isOutdated = computed(
  () => offered.value !== null && offered.value.asked !== JSON.stringify(asked.value),
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

export function pick(code: string): void {
  if (code !== picked.value) places.value = [];
  picked.value = code;
  isPlacing.value = needs("places");
}

// At once: what an offer changes after it counts.
watch(pattern, () => (isPlacing.value = needs("places") && picked.value !== null), { flush: "sync" });
// Nothing of what one person saw stays on the page for the next.
watch(isIn, (isThere) => {
  if (isThere) return;
  offered.value = picked.value = null;
  places.value = [];
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
  const text = JSON.stringify(asked.value);
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
      JSON.stringify(asked.value),
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
    take(rest, JSON.stringify(asked.value));
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
