/** The station's state as it arrives: one socket, patched key by key, joined again when it breaks. */
import { computed, reactive, ref, shallowReactive, watch } from "vue";

import { isIn, leave } from "./session";
import type { StationState, StoryEvent } from "./types";

const STORY_KEPT = 400;
const SILENT_AFTER_S = 2; // the station patches five times a second
const REJOIN_AFTER_SILENCE_S = 6; // a half-open socket never says that it is dead
const SIGNED_OUT = 4401; // the station's close code
const RETRY_MS = [300, 700, 1500, 3000];

type Message =
  | { type: "state"; state: StationState }
  | { type: "patch"; patch: Partial<StationState> }
  | { type: "event"; event: StoryEvent };

const EMPTY: StationState = {
  station: null, clock: null, register: null, aircraft: [], sortie: null, alert: null, alerts: [],
  announcement: null, effect: null, cases: [], crowd: null, people: [], look: null, story: [],
  camera: null,
};

export const state = shallowReactive<StationState>({ ...EMPTY });
/** Wall seconds (monotonic), ticking four times a second: what ages are computed from. */
export const nowS = ref(performance.now() / 1000);
/** When each key of the state last arrived, in the same seconds. */
export const receivedS = reactive<Partial<Record<keyof StationState, number>>>({});
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
export function ageNow(key: keyof StationState, ageS: number): number {
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
  assign({ ...EMPTY });
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
    assign({ ...EMPTY, ...message.state });
  } else if (message.type === "patch") {
    assign(message.patch);
  } else {
    state.story = [...state.story, message.event].slice(-STORY_KEPT);
  }
}

function assign(values: Partial<StationState>): void {
  Object.assign(state, values);
  for (const key of Object.keys(values)) receivedS[key as keyof StationState] = nowS.value;
}
