/** What the planning screen is asked for: a grid, a pattern, and what that pattern needs. */
import { computed, reactive, ref, watch } from "vue";

import { gridNamed } from "./gridSearch";
import { chosen } from "./live";
import type { Pattern } from "./planTypes";
import { isIn } from "./session";
import type { Place } from "./types";

/** A number that a person may leave open; an emptied field is a text. */
type Typed = number | "";
/** Which fields each pattern has. */
const NEEDS: Readonly<Record<Pattern, readonly string[]>> = {
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
/** When it is to take off, as a field of the page has it: Shanghai's clock, or empty for now. */
export const takeoffTyped = ref("");
export const takeoffUtc = computed(() => (takeoffTyped.value ? `${takeoffTyped.value}:00+08:00` : ""));

export const needs = (field: string) => NEEDS[pattern.value].includes(field);

/** As the station takes it: what was left open or is not this pattern's is not sent. */
export const asked = computed(() => JSON.stringify({
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
  picked.value = null;
  places.value = [];
});
