/** Shapes on the ground around a place, in degrees, good to a centimetre within a grid. */
import type { Place } from "./types";

const METRES_PER_DEGREE = 111_320;

/** The place `northM` and `eastM` away. */
export function moved([lon, lat]: Place, northM: number, eastM: number): Place {
  const narrow = Math.cos((lat * Math.PI) / 180);
  return [lon + eastM / (METRES_PER_DEGREE * narrow), lat + northM / METRES_PER_DEGREE];
}

/** The place at a distance in a direction. */
export function ahead(from: Place, bearingDeg: number, distanceM: number): Place {
  const angle = (bearingDeg * Math.PI) / 180;
  return moved(from, Math.cos(angle) * distanceM, Math.sin(angle) * distanceM);
}

/** A closed ring of 64 corners. */
export function circle(centre: Place, radiusM: number): Place[] {
  return Array.from({ length: 65 }, (_, i) => ahead(centre, (i % 64) * (360 / 64), radiusM));
}

export function distanceM(a: Place, b: Place): number {
  const narrow = Math.cos((a[1] * Math.PI) / 180);
  return Math.hypot((b[1] - a[1]) * METRES_PER_DEGREE, (b[0] - a[0]) * METRES_PER_DEGREE * narrow);
}

/** South-west and north-east corners. */
export function bounds(places: Place[]): [Place, Place] {
  const lons = places.map((place) => place[0]);
  const lats = places.map((place) => place[1]);
  return [[Math.min(...lons), Math.min(...lats)], [Math.max(...lons), Math.max(...lats)]];
}
