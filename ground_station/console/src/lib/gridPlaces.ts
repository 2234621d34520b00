/** The corners of grids: what a map has to have in view. */
import type { FeatureCollection } from "geojson";

import type { Place } from "./types";

/** Of one area by its code, or of all. */
export function ringsOf(areas: FeatureCollection | null, code?: string): Place[] {
  const places: Place[] = [];
  const visit = (value: unknown): void => {
    if (!Array.isArray(value)) return;
    if (typeof value[0] === "number") places.push(value as Place);
    else value.forEach(visit);
  };
  for (const { geometry, properties } of areas?.features ?? []) {
    if (code !== undefined && properties?.code !== code) continue;
    visit((geometry as { coordinates?: unknown }).coordinates);
  }
  return places;
}
