/** The state's places as the map's features. */
import type { Feature, FeatureCollection, Geometry, Position } from "geojson";

import { ahead, circle } from "./geometry";
import { type Kind, NOTHING } from "./mapStyle";
import type { Aircraft, Crowd, Place, Sortie } from "./types";

const FARTHEST_SIGHT_M = 150;

function shape(geometry: Geometry): FeatureCollection {
  const feature: Feature = { type: "Feature", properties: {}, geometry };
  return { type: "FeatureCollection", features: [feature] };
}

const path = (places: Place[]) =>
  places.length > 1 ? shape({ type: "LineString", coordinates: places }) : NOTHING;
const area = (ring: Place[]) =>
  ring.length > 2 ? shape({ type: "Polygon", coordinates: [ring] }) : NOTHING;

export function placeOf(aircraft: Aircraft): Place | null {
  return aircraft.lon_deg === null || aircraft.lat_deg === null
    ? null
    : [aircraft.lon_deg, aircraft.lat_deg];
}

export function sortieShapes(sortie: Sortie | null): Partial<Record<Kind, FeatureCollection>> {
  const fence = sortie?.plan.fence ?? [];
  const waypoints = sortie?.plan.waypoints ?? [];
  const reached = waypoints.slice(0, sortie?.waypoint_index ?? 0);
  const [first] = fence;
  return {
    fence: first ? path([...fence, first]) : NOTHING,
    route: path(waypoints),
    flown: path(reached),
  };
}

export function crowdShapes(crowd: Crowd | null): Partial<Record<Kind, FeatureCollection>> {
  if (!crowd) return { crowd: NOTHING, error: NOTHING, standoff: NOTHING };
  return {
    crowd: area(circle(crowd.place, Math.max(crowd.radius_m, 1))),
    error: path(circle(crowd.place, crowd.radius_m + crowd.error_m)),
    standoff: path(circle(crowd.place, crowd.standoff_m)),
  };
}

/** From the aircraft to where the middle of the picture meets flat ground. */
export function sightEnd(aircraft: Aircraft): Place | null {
  const from = placeOf(aircraft);
  if (!from || !aircraft.camera) return null;
  const depression = -aircraft.camera.pitch_deg;
  const height = aircraft.height_above_home_m ?? 0;
  const reach = depression > 1 ? height / Math.tan((depression * Math.PI) / 180) : FARTHEST_SIGHT_M;
  return ahead(from, aircraft.camera.bearing_true_deg, Math.min(reach, FARTHEST_SIGHT_M));
}

export function pointsShape(places: Place[]): FeatureCollection {
  return shape({ type: "MultiPoint", coordinates: places });
}

/** One point for each area's name: a polygon's own label is repeated in every tile it touches. */
export function nameShapes(areas: FeatureCollection): FeatureCollection {
  const features = areas.features.flatMap((feature): Feature[] => {
    const { geometry } = feature;
    const ring = geometry.type === "Polygon" ? geometry.coordinates[0]
      : geometry.type === "MultiPolygon" ? geometry.coordinates[0]?.[0] : undefined;
    if (!ring || ring.length < 4) return [];
    return [{ ...feature, geometry: { type: "Point", coordinates: middle(ring) } }];
  });
  return { type: "FeatureCollection", features };
}

/** Centre of area of a closed ring, computed from its first corner to keep the digits. */
function middle(ring: Position[]): Position {
  const [x0, y0] = ring[0] as [number, number];
  let doubleArea = 0, x = 0, y = 0;
  for (let i = 0; i + 1 < ring.length; i++) {
    const [ax, ay] = [ring[i]![0]! - x0, ring[i]![1]! - y0];
    const [bx, by] = [ring[i + 1]![0]! - x0, ring[i + 1]![1]! - y0];
    const cross = ax * by - bx * ay;
    doubleArea += cross;
    x += (ax + bx) * cross;
    y += (ay + by) * cross;
  }
  return doubleArea === 0 ? [x0, y0] : [x0 + x / (3 * doubleArea), y0 + y / (3 * doubleArea)];
}

export const trailsShape = (trails: Place[][]) =>
  shape({ type: "MultiLineString", coordinates: trails.filter((trail) => trail.length > 1) });
