/** The planning map: one picks a grid or puts places on it, and sees the patrol. Loaded apart. */
import type { FeatureCollection } from "geojson";
import { type GeoJSONSource, type Map, type MapMouseEvent, Marker } from "maplibre-gl";

import { homeMarker, makeMap } from "./baseMap";
import { bounds } from "./geometry";
import { nameShapes } from "./mapShapes";
import { COLOUR, emptyStyle } from "./mapStyle";
import { reachOf, stopShapes, wayShapes } from "./planShapes";
import { ARROW, PLAN_LAYERS, PLAN_SOURCES, type PlanSource } from "./planStyle";
import type { Flight } from "./planTypes";
import type { Place } from "./types";

const ARROW_PX = 14;
const ROOM_PX = 56;

export interface PlanMapHands {
  onPick: (code: string) => void;
  onPlace: (place: Place) => void;
  onMoved: (index: number, place: Place) => void;
}

/** Throws when the browser has no WebGL2. */
export class PlanMap {
  private readonly map: Map;
  private readonly data: Partial<Record<PlanSource, FeatureCollection>> = {};
  private home: Marker | null = null;
  private marks: Marker[] = [];
  private fitted: Place[] = [];
  private pickedCode = "";
  private isReady = false;
  private isPlacing = false;

  constructor(container: HTMLElement, centre: Place, private readonly hands: PlanMapHands) {
    this.map = makeMap(container, emptyStyle(PLAN_SOURCES, PLAN_LAYERS), centre);
    this.map.on("click", (event) => this.onClick(event));
    this.map.on("mousemove", (event) => this.onMove(event));
    for (const moved of ["dragstart", "wheel"] as const) {
      this.map.on(moved, () => (this.fitted = []));
    }
    this.map.on("resize", () => this.fit(this.fitted)); // what was whole stays whole
    this.map.on("load", () => this.begin());
  }

  close(): void {
    this.map.remove();
  }

  showGrids(grids: FeatureCollection): void {
    this.set("grids", grids);
    this.set("names", nameShapes(grids));
  }

  showPicked(code: string | null): void {
    this.pickedCode = code ?? "";
    if (!this.isReady) return;
    for (const layer of ["picked-fill", "picked-line"]) {
      this.map.setFilter(layer, ["==", ["get", "code"], this.pickedCode]);
    }
  }

  /** With the leg that a finding is about, and the line that a corridor is to follow. */
  showFlights(flights: Flight[], chosen: number, leg: number | null, line: Place[]): void {
    this.set("ways", wayShapes(flights, chosen, leg, line));
    this.set("stops", stopShapes(flights[chosen] ?? null));
    this.home?.remove();
    const home = flights[chosen]?.plan.home;
    this.home = home ? homeMarker(home).addTo(this.map) : null;
  }

  /** What is to be looked at, numbered; each can be dragged to where it was meant. */
  showPlaces(places: Place[]): void {
    for (const mark of this.marks) mark.remove();
    this.marks = places.map((place, index) => this.mark(place, index));
  }

  /** While places are put a click puts one; else it picks the grid below it. */
  setPlacing(isPlacing: boolean): void {
    this.isPlacing = isPlacing;
    this.map.getCanvas().style.cursor = isPlacing ? "crosshair" : "";
  }

  fit(places: Place[]): void {
    if (places.length < 2) return;
    this.fitted = places;
    this.map.fitBounds(bounds(places), { padding: ROOM_PX, maxZoom: 18, duration: 120 });
  }

  fitFlight(flight: Flight): void {
    this.fit(reachOf(flight));
  }

  centre(): Place {
    const { lng, lat } = this.map.getCenter();
    return [lng, lat];
  }

  private begin(): void {
    this.map.addImage(ARROW, arrowPicture());
    this.isReady = true;
    for (const name of PLAN_SOURCES) this.draw(name);
    this.showPicked(this.pickedCode);
  }

  private mark(place: Place, index: number): Marker {
    const element = document.createElement("div");
    element.className = "place-marker";
    element.textContent = String(index + 1);
    const mark = new Marker({ element, draggable: true }).setLngLat(place).addTo(this.map);
    mark.on("dragend", () => {
      const { lng, lat } = mark.getLngLat();
      this.hands.onMoved(index, [lng, lat]);
    });
    return mark;
  }

  private onClick(event: MapMouseEvent): void {
    if (this.isPlacing) this.hands.onPlace([event.lngLat.lng, event.lngLat.lat]);
    else {
      const code = this.gridBelow(event);
      if (code !== null) this.hands.onPick(code);
    }
  }

  private onMove(event: MapMouseEvent): void {
    if (this.isPlacing) return;
    this.map.getCanvas().style.cursor = this.gridBelow(event) === null ? "" : "pointer";
  }

  private gridBelow(event: MapMouseEvent): string | null {
    if (!this.isReady) return null;
    const [found] = this.map.queryRenderedFeatures(event.point, { layers: ["grid-fill"] });
    return found ? String(found.properties.code) : null;
  }

  private set(name: PlanSource, data: FeatureCollection): void {
    this.data[name] = data;
    this.draw(name);
  }

  private draw(name: PlanSource): void {
    const data = this.data[name];
    if (this.isReady && data) void this.map.getSource<GeoJSONSource>(name)?.setData(data);
  }
}

/** Points along its line; the library turns it. */
function arrowPicture(): ImageData {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = ARROW_PX;
  const pen = canvas.getContext("2d");
  if (!pen) throw new Error("no canvas to draw on");
  pen.fillStyle = COLOUR.text;
  pen.strokeStyle = COLOUR.ground;
  pen.beginPath();
  pen.moveTo(ARROW_PX - 1, ARROW_PX / 2);
  pen.lineTo(3, 2);
  pen.lineTo(3, ARROW_PX - 2);
  pen.closePath();
  pen.fill();
  pen.stroke();
  return pen.getImageData(0, 0, ARROW_PX, ARROW_PX);
}
