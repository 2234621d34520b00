/** What is read once: the grids and the approved words. Tried again until the station answers. */
import type { FeatureCollection } from "geojson";
import { ref, shallowRef, watch } from "vue";

import { isIn } from "./session";
import type { Template } from "./types";

const AGAIN_MS = 2000;

export const grids = shallowRef<FeatureCollection | null>(null);
export const templates = shallowRef<Template[]>([]);
export const hasGridsFailed = ref(false);

// Another person has another part of the district.
watch(isIn, (isThere) => {
  if (isThere) return;
  grids.value = null;
  templates.value = [];
});

export async function readReference(): Promise<void> {
  try {
    grids.value ??= await read<FeatureCollection>("/api/grids.geojson");
    if (templates.value.length === 0) templates.value = await read<Template[]>("/api/templates");
    hasGridsFailed.value = false;
  } catch {
    if (!isIn.value) return; // read again after the next sign-in
    hasGridsFailed.value = grids.value === null;
    setTimeout(() => void readReference(), AGAIN_MS);
  }
}

async function read<T>(path: string): Promise<T> {
  const answer = await fetch(path);
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return (await answer.json()) as T;
}
