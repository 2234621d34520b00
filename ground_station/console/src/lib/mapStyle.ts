/** How the map looks: no tiles, no glyph server, nothing from outside the station. */
import type { FeatureCollection } from "geojson";
import type { FilterSpecification, LayerSpecification, StyleSpecification } from "maplibre-gl";

/** `live` holds all that changes in flight, told apart by `kind`: one source is one redraw. */
export const SOURCES = ["grids", "names", "live"] as const;
export type SourceName = (typeof SOURCES)[number];
export type Kind =
  | "fence" | "route" | "flown" | "trail" | "standoff" | "crowd" | "error" | "people";
export const NOTHING: FeatureCollection = { type: "FeatureCollection", features: [] };

export const COLOUR = {
  ground: "#12161b", grid: "#2a323c", wider: "#3d4856", label: "#7d8996", text: "#e6eaf0",
  muted: "#9aa6b2", accent: "#4c9aff", amber: "#f5b544", red: "#f0524f",
};
export const FONT = ["sans-serif"];

const level = (name: string): FilterSpecification => ["==", ["get", "level"], name];

const kind = (name: Kind): FilterSpecification => ["==", ["get", "kind"], name];

function line(of: Kind, colour: string, width: number, more: object = {}): LayerSpecification {
  return {
    id: `${of}-line`, type: "line", source: "live", filter: kind(of),
    layout: { "line-join": "round" },
    paint: { "line-color": colour, "line-width": width, ...more },
  };
}

function gridLine(of: string, colour: string, width: number): LayerSpecification {
  return {
    id: `${of}-line`, type: "line", source: "grids", filter: level(of),
    paint: { "line-color": colour, "line-width": width },
  };
}

function labels(id: string, of: string, fromZoom: number, toZoom: number, size: number): LayerSpecification {
  return {
    id, type: "symbol", source: "names", minzoom: fromZoom, maxzoom: toZoom,
    filter: level(of),
    layout: {
      "text-field": ["coalesce", ["get", "name_zh"], ["get", "code"]], "text-font": FONT,
      "text-size": size, "text-max-width": 9,
    },
    paint: { "text-color": COLOUR.label, "text-halo-color": COLOUR.ground, "text-halo-width": 1 },
  };
}

/** What lies under everything else on every screen. */
const UNDER: LayerSpecification[] = [
  { id: "ground", type: "background", paint: { "background-color": COLOUR.ground } },
  {
    id: "grid-fill", type: "fill", source: "grids", filter: level("grid"),
    paint: { "fill-color": COLOUR.muted, "fill-opacity": 0.04 },
  },
  {
    id: "grid-flown", type: "fill", source: "grids", filter: ["==", ["get", "code"], ""],
    paint: { "fill-color": COLOUR.accent, "fill-opacity": 0.08 },
  },
  gridLine("grid", COLOUR.grid, 1),
  gridLine("community", COLOUR.wider, 1),
  gridLine("street", COLOUR.wider, 2),
];
const NAMES: LayerSpecification[] = [
  labels("street-label", "street", 0, 12.5, 14),
  labels("community-label", "community", 12.5, 14.5, 13),
  labels("grid-label", "grid", 14.5, 24, 12),
];
const LIVE: LayerSpecification[] = [
  line("fence", COLOUR.muted, 1.5, { "line-dasharray": [4, 3] }),
  line("route", COLOUR.muted, 2, { "line-opacity": 0.55 }),
  line("flown", COLOUR.text, 2, { "line-opacity": 0.7 }),
  line("trail", COLOUR.text, 1, { "line-opacity": 0.45 }),
  line("standoff", COLOUR.amber, 1.5),
  {
    id: "crowd-fill", type: "fill", source: "live", filter: kind("crowd"),
    paint: { "fill-color": COLOUR.red, "fill-opacity": 0.18 },
  },
  line("crowd", COLOUR.red, 1.5),
  line("error", COLOUR.red, 1, { "line-dasharray": [1, 2] }),
  {
    id: "people", type: "circle", source: "live", filter: kind("people"),
    paint: {
      "circle-radius": ["interpolate", ["linear"], ["zoom"], 14, 1.5, 18, 4],
      "circle-color": COLOUR.text, "circle-opacity": 0.9,
    },
  },
];

/** A screen's own sources, all empty, and its layers between the ground and the names. */
export function emptyStyle(
  sources: readonly string[] = SOURCES, layers: LayerSpecification[] = LIVE,
): StyleSpecification {
  return {
    version: 8,
    sources: Object.fromEntries(
      sources.map((name) => [name, { type: "geojson" as const, data: NOTHING }]),
    ),
    layers: [...UNDER, ...layers, ...NAMES],
  };
}
