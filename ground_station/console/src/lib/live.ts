/** The station's state as it arrives: one socket, patched key by key, joined again when it breaks. */
import { computed, reactive, ref, shallowReactive, watch } from "vue";

import { isIn, leave } from "./session";
import type { StationState, StoryEvent, UnitState } from "./types";

const STORY_KEPT = 400;
const SILENT_AFTER_S = 2; // the station patches five times a second
const REJOIN_AFTER_SILENCE_S = 6; // a half-open socket never says that it is dead
const SIGNED_OUT = 4401; // the station's close code
const RETRY_MS = [300, 700, 1500, 3000];

/** On the wire: the station's keys, and under `units` those of each aircraft that changed. */
type Told = Partial<StationState> & { units?: Record<string, Partial<UnitState>> };
type Message =
  | { type: "state"; state: Told }
  | { type: "patch"; patch: Told }
  | { type: "event"; event: StoryEvent };
type Shown = StationState & UnitState;
interface Unit {
  state: UnitState;
  receivedS: Partial<Record<keyof UnitState, number>>;
}

const NO_STATION: StationState = {
  station: null, clock: null, register: null, aircraft: [], cases: [], story: [],
  missions: [],
};
const NO_UNIT: UnitState = {
  sortie: null, alert: null, alerts: [], announcement: null, effect: null, crowd: null, people: [],
  look: null, camera: null,
};
const CHOSEN_KEY = "gridpatrol.aircraft";

/** Whether anything of it is for who is signed in: over another part of the district nothing is. */
export const isShown = (unit: Unit | undefined): boolean =>
  !!unit && (unit.state.camera !== null || unit.state.alerts.length > 0);
/** The station's keys, and those of the aircraft that is looked at. */
export const state = shallowReactive<Shown>({ ...NO_STATION, ...NO_UNIT });
/** Every aircraft of the station by its name. */
export const units = shallowReactive(new Map<string, Unit>());
const wanted = ref(localStorage.getItem(CHOSEN_KEY) ?? "");
/** The aircraft whose video, sortie and alerts are shown, and which the verbs are for. */
export const chosen = computed(() =>
  units.has(wanted.value) ? wanted.value : ([...units.keys()][0] ?? ""),
);
/** It, as last heard. */
export const aircraft = computed(
  () => state.aircraft.find((one) => one.id === chosen.value) ?? null,
);
/** Wall seconds (monotonic), ticking four times a second: what ages are computed from. */
export const nowS = ref(performance.now() / 1000);
/** When each key of the state last arrived, in the same seconds. */
export const receivedS = reactive<Partial<Record<keyof Shown, number>>>({});
export const lastHeardS = ref<number | null>(null);
const isOpen = ref(false);
const startedS = ref(performance.now() / 1000);

/** How long the station has said nothing; 0 while it talks. */
export const silentForS = computed(() => {
  const since = lastHeardS.value ?? startedS.value;
  return isOpen.value && nowS.value - since < SILENT_AFTER_S ? 0 : Math.max(0, nowS.value - since);
});
export const hasEverHeard = computed(() => lastHeardS.value !== null);
/** A page that has just been opened is loading, not cut off. */
export const isLost = computed(() => silentForS.value > (hasEverHeard.value ? 0.5 : SILENT_AFTER_S));

/** World time now: the station's last word carried on at its speed. */
export const worldMs = computed(() => {
  if (!state.clock) return null;
  const heldS = Math.min(nowS.value - (receivedS.clock ?? nowS.value), 2); // never run on alone
  return Date.parse(state.clock.utc) + Math.max(0, heldS) * state.clock.speed * 1000;
});

/** Age of a key whose own age was `ageS` when it arrived. */
export function ageNow(key: keyof Shown, ageS: number): number {
  return Math.max(0, ageS + nowS.value - (receivedS[key] ?? nowS.value));
}

let socket: WebSocket | null = null;
let failures = 0;

/** Join the station and stay joined for as long as somebody is signed in here. */
export function stayJoined(): void {
  setInterval(tick, 250);
  watch(isIn, (isThere) => {
    startedS.value = performance.now() / 1000;
    if (isThere) join();
    else forget();
  }, { immediate: true });
}

/** Nothing of what one person saw stays on the page for the next. */
function forget(): void {
  const left = socket;
  socket = null;
  left?.close();
  isOpen.value = false;
  lastHeardS.value = null;
  units.clear();
  assign({ ...NO_STATION });
  show(NO_UNIT, {});
}

function tick(): void {
  nowS.value = performance.now() / 1000;
  const silentS = nowS.value - (lastHeardS.value ?? nowS.value);
  if (socket?.readyState === WebSocket.OPEN && silentS > REJOIN_AFTER_SILENCE_S) socket.close();
}

function join(): void {
  if (!isIn.value) return;
  const address = new URL("/api/live", location.href);
  address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
  const joined = new WebSocket(address);
  socket = joined;
  joined.onmessage = (message) => {
    if (socket !== joined) return;
    failures = 0;
    isOpen.value = true;
    lastHeardS.value = nowS.value = performance.now() / 1000;
    take(JSON.parse(String(message.data)) as Message);
  };
  joined.onclose = (closed) => {
    if (socket !== joined) return;
    isOpen.value = false;
    if (closed.code === SIGNED_OUT) {
      leave();
      return;
    }
    const waitMs = RETRY_MS[Math.min(failures, RETRY_MS.length - 1)] ?? 3000;
    failures += 1;
    setTimeout(join, waitMs);
  };
}

function take(message: Message): void {
  if (message.type === "state") {
    units.clear(); // another station may have come up in the place of the last
    assign({ ...NO_STATION, ...message.state });
    if (units.size === 0) show(NO_UNIT, {});
    chooseShown();
  } else if (message.type === "patch") {
    assign(message.patch);
  } else {
    state.story = [...state.story, message.event].slice(-STORY_KEPT);
  }
}

function assign({ units: changed, ...values }: Told): void {
  Object.assign(state, values);
  for (const key of Object.keys(values)) receivedS[key as keyof StationState] = nowS.value;
  const before = chosen.value;
  for (const [name, keys] of Object.entries(changed ?? {})) takeUnit(name, keys);
  if (chosen.value !== before) choose(chosen.value);
}

function takeUnit(name: string, keys: Partial<UnitState>): void {
  const unit = units.get(name) ?? { state: NO_UNIT, receivedS: {} };
  const heard = Object.fromEntries(Object.keys(keys).map((key) => [key, nowS.value]));
  units.set(name, {
    state: { ...unit.state, ...keys }, receivedS: { ...unit.receivedS, ...heard },
  });
  if (name === chosen.value) show(keys, heard);
}

function show(keys: Partial<UnitState>, heardS: Unit["receivedS"]): void {
  Object.assign(state, keys);
  Object.assign(receivedS, heardS);
}

/** At the start one that is for who is signed in; later nobody's hand finds another below it. */
function chooseShown(): void {
  if (isShown(units.get(chosen.value))) return;
  const other = [...units.keys()].find((name) => isShown(units.get(name)));
  if (other !== undefined) choose(other);
}

/** Look at another aircraft. */
export function choose(name: string): void {
  const unit = units.get(name);
  if (!unit) return;
  wanted.value = name;
  localStorage.setItem(CHOSEN_KEY, name);
  show(unit.state, unit.receivedS);
}
