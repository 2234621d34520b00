/** A patrol's flights as the planning map's features. */
import type { Feature, FeatureCollection } from "geojson";

import type { Flight } from "./planTypes";
import type { WayKind } from "./planStyle";
import type { Place } from "./types";

// Where nothing is counted on the way, only from the stops.
const ONLY_STOPS = new Set(["points", "hold"]);
export const isOnlyStops = (pattern: string) => ONLY_STOPS.has(pattern);

function wayOf(kind: WayKind, places: Place[], chosen: boolean): Feature {
  return {
    type: "Feature", properties: { kind, chosen },
    geometry: { type: "LineString", coordinates: places },
  };
}

/** Whether somebody is counted on the leg that ends at this waypoint. */
function isLook(flight: Flight, index: number): boolean {
  return !isOnlyStops(flight.plan.pattern) && (flight.legs[index]?.is_counting ?? false);
}

/**
 * The flight's legs, those of one kind in one line: the way out, then the route. The way home is
 * not drawn: the autopilot chooses it, straight, to a landing place or back along the route.
 */
function waysOf(flight: Flight, chosen: boolean): Feature[] {
  const { waypoints, home, fence } = flight.plan;
  const ways: { kind: WayKind; places: Place[] }[] = [];
  let before = home;
  waypoints.forEach((place, index) => {
    const kind: WayKind = isLook(flight, index) && index > 0 ? "look" : "transit";
    const last = ways.at(-1);
    if (last?.kind === kind) last.places.push(place);
    else ways.push({ kind, places: [before, place] });
    before = place;
  });
  const [corner] = fence;
  const drawn = ways.map((way) => wayOf(way.kind, way.places, chosen));
  return corner && chosen ? [wayOf("fence", [...fence, corner], chosen), ...drawn] : drawn;
}

/** The chosen flight above the others, and the leg that is looked at. */
export function wayShapes(
  flights: Flight[], chosen: number, leg: number | null, line: Place[],
): FeatureCollection {
  const others = flights.flatMap((flight, i) => (i === chosen ? [] : waysOf(flight, false)));
  const one = flights[chosen];
  const told = one && leg !== null ? [wayOf("told", legPlaces(one, leg), true)] : [];
  return {
    type: "FeatureCollection",
    features: [...drawnLine(line), ...others, ...told, ...(one ? waysOf(one, true) : [])],
  };
}

/** What a corridor is to follow, before it is planned. */
function drawnLine(places: Place[]): Feature[] {
  return places.length > 1 ? [wayOf("drawn", places, true)] : [];
}

/** Both ends of the leg to a waypoint; of the first it is the way out. */
export function legPlaces(flight: Flight, leg: number): Place[] {
  const { waypoints, home } = flight.plan;
  const end = waypoints[leg] ?? home;
  return [waypoints[leg - 1] ?? home, end];
}

/** Numbers as people count: from 1. */
export function stopShapes(flight: Flight | null): FeatureCollection {
  const features = (flight?.plan.waypoints ?? []).map((place, i): Feature => ({
    type: "Feature", properties: { number: String(i + 1) },
    geometry: { type: "Point", coordinates: place },
  }));
  return { type: "FeatureCollection", features };
}

/** Everything that a flight touches: what has to be in view. */
export const reachOf = (flight: Flight): Place[] => [
  ...flight.plan.fence, ...flight.plan.waypoints, flight.plan.home,
];
