/** What the maps of all screens have in common. Loaded with them, for the library is large. */
import { Map, Marker, ScaleControl, setWorkerUrl, type StyleSpecification } from "maplibre-gl";
import "maplibre-gl/dist/maplibre-gl.css";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url";

import type { Place } from "./types";

setWorkerUrl(workerUrl);

/** North up and flat, with names in the machine's own letters. Throws without WebGL2. */
export function makeMap(container: HTMLElement, style: StyleSpecification, centre: Place): Map {
  const map = new Map({
    container, style, center: centre, zoom: 13, attributionControl: false,
    dragRotate: false, pitchWithRotate: false, fadeDuration: 0, maxZoom: 20,
    localIdeographFontFamily: '"Noto Sans SC", "PingFang SC", "Microsoft YaHei", sans-serif',
  });
  map.touchZoomRotate.disableRotation();
  map.addControl(new ScaleControl({ unit: "metric" }), "bottom-right");
  return map;
}

/** Where it takes off and comes back to. */
export function homeMarker(home: Place): Marker {
  const element = document.createElement("div");
  element.className = "home-marker";
  element.textContent = "H";
  return new Marker({ element }).setLngLat(home);
}
