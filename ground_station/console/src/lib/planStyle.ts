/** How a plan looks on its map. Grey for what is, blue for what is chosen or asked for. */
import type { FilterSpecification, LayerSpecification } from "maplibre-gl";

import { COLOUR, FONT } from "./mapStyle";

export const PLAN_SOURCES = ["grids", "names", "ways", "stops"] as const;
export type PlanSource = (typeof PLAN_SOURCES)[number];
export type WayKind = "fence" | "look" | "transit" | "told" | "drawn";
export const ARROW = "arrow";

const way = (kind: WayKind, isChosen?: boolean): FilterSpecification =>
  isChosen === undefined
    ? ["==", ["get", "kind"], kind]
    : ["all", ["==", ["get", "kind"], kind], ["==", ["get", "chosen"], isChosen]];

function line(id: string, filter: FilterSpecification, paint: object): LayerSpecification {
  return {
    id, type: "line", source: "ways", filter,
    layout: { "line-join": "round", "line-cap": "butt" }, paint,
  };
}

/** Arrows along a way, so that one sees where it goes. */
function arrows(id: string, filter: FilterSpecification, spacing: number): LayerSpecification {
  return {
    id, type: "symbol", source: "ways", filter,
    layout: {
      "symbol-placement": "line", "symbol-spacing": spacing, "icon-image": ARROW,
      "icon-allow-overlap": true, "icon-rotation-alignment": "map",
    },
  };
}

const PICKED: FilterSpecification = ["==", ["get", "code"], ""];

export const PLAN_LAYERS: LayerSpecification[] = [
  {
    id: "picked-fill", type: "fill", source: "grids", filter: PICKED,
    paint: { "fill-color": COLOUR.accent, "fill-opacity": 0.1 },
  },
  {
    id: "picked-line", type: "line", source: "grids", filter: PICKED,
    paint: { "line-color": COLOUR.accent, "line-width": 2 },
  },
  line("told", way("told"), { "line-color": COLOUR.accent, "line-width": 9, "line-opacity": 0.7 }),
  line("drawn", way("drawn"), {
    "line-color": COLOUR.accent, "line-width": 2, "line-dasharray": [1, 2],
  }),
  line("fence", way("fence"), {
    "line-color": COLOUR.muted, "line-width": 1.5, "line-dasharray": [4, 3],
  }),
  line("transit-other", way("transit", false), {
    "line-color": COLOUR.muted, "line-width": 1, "line-dasharray": [2, 3], "line-opacity": 0.5,
  }),
  line("look-other", way("look", false), {
    "line-color": COLOUR.muted, "line-width": 1.5, "line-opacity": 0.5,
  }),
  line("transit", way("transit", true), {
    "line-color": COLOUR.text, "line-width": 1.5, "line-dasharray": [3, 3],
  }),
  line("look", way("look", true), { "line-color": COLOUR.text, "line-width": 2.5 }),
  arrows("transit-arrows", way("transit", true), 160),
  arrows("look-arrows", way("look", true), 90),
  {
    id: "stops", type: "circle", source: "stops", minzoom: 15,
    paint: {
      "circle-radius": 3, "circle-color": COLOUR.ground, "circle-stroke-color": COLOUR.text,
      "circle-stroke-width": 1.5,
    },
  },
  {
    id: "stop-numbers", type: "symbol", source: "stops", minzoom: 15,
    layout: {
      "text-field": ["get", "number"], "text-font": FONT, "text-size": 12,
      "text-offset": [0.8, -0.8],
    },
    paint: { "text-color": COLOUR.text, "text-halo-color": COLOUR.ground, "text-halo-width": 1.5 },
  },
];
