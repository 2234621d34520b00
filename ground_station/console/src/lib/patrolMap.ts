/** The drawn map: grids, the sortie, the crowd and the aircraft. Loaded apart, for it is large. */
import type { FeatureCollection } from "geojson";
import { type GeoJSONSource, type Map, Marker } from "maplibre-gl";

import { AircraftMark } from "./aircraftMark";
import { homeMarker, makeMap } from "./baseMap";
import { bounds, distanceM } from "./geometry";
import {
  crowdShapes, nameShapes, placeOf, pointsShape, sightEnd, sortieShapes, trailsShape,
} from "./mapShapes";
import { emptyStyle, type Kind, type SourceName } from "./mapStyle";
import type { Aircraft, Crowd, Place, Sortie } from "./types";

// Without a graphics card a redraw costs a tenth of a second: the arrow moves as an element of the
// page, and what is drawn follows once a second.
const REDRAW_MS = 1000;
const TRAIL_POINTS = 1500;
const TRAIL_STEP_M = 1.5;

/** An aircraft that has told its place. */
interface Drawn {
  mark: AircraftMark;
  arrow: Marker;
  trail: Place[];
}

/** Throws when the browser has no WebGL2. */
export class PatrolMap {
  private readonly map: Map;
  private readonly shapes: Partial<Record<Kind, FeatureCollection>> = {};
  private readonly drawn: Record<string, Drawn> = {};
  private readonly timer: number;
  private home: Marker | null = null;
  private grids: FeatureCollection | null = null;
  private isReady = false;
  private isChanged = false;
  private fitted: Place[] = [];
  private flownGrid = "";
  isFollowing = false;

  constructor(
    container: HTMLElement, centre: Place, onDragged: () => void,
    private readonly onChosen: (aircraft: string) => void,
  ) {
    this.map = makeMap(container, emptyStyle(), centre);
    this.map.on("dragstart", () => {
      this.fitted = [];
      onDragged();
    });
    this.map.on("wheel", () => (this.fitted = []));
    this.map.on("resize", () => this.fit(this.fitted)); // what was whole stays whole
    this.map.on("load", () => {
      this.isReady = true;
      this.drawGrids();
      this.redraw();
    });
    this.timer = window.setInterval(() => this.redraw(), REDRAW_MS);
  }

  close(): void {
    clearInterval(this.timer);
    this.map.remove();
  }

  showGrids(grids: FeatureCollection): void {
    this.grids = grids;
    this.drawGrids();
  }

  showSortie(sortie: Sortie | null): void {
    this.change(sortieShapes(sortie));
    const code = sortie?.grid_code ?? "";
    if (code === this.flownGrid) return;
    this.flownGrid = code;
    this.drawGrids();
  }

  showCrowd(crowd: Crowd | null): void {
    this.change(crowdShapes(crowd));
  }

  showPeople(people: Place[]): void {
    this.change({ people: pointsShape(people) });
  }

  /** The arrow where last heard; hollow, and looking nowhere, when that is some time ago. */
  showAircraft(
    aircraft: Aircraft, label: string, isStale: boolean, isChosen: boolean,
  ): void {
    const place = placeOf(aircraft);
    if (!place) return;
    const drawn = (this.drawn[aircraft.id] ??= this.draw(aircraft.id, place));
    drawn.arrow.setLngLat(place);
    const end = isStale ? null : sightEnd(aircraft);
    const from = this.map.project(place);
    const to = end ? this.map.project(end) : from;
    drawn.mark.show({
      headingDeg: aircraft.heading_true_deg ?? 0, label, isStale, isChosen,
      sightPx: end ? [to.x - from.x, to.y - from.y] : null,
    });
    this.lengthenTrail(drawn, place);
    if (!isChosen) return;
    this.showHome(aircraft.home);
    if (!this.isFollowing) return;
    this.fitted = [];
    this.map.jumpTo({ center: place });
  }

  /** Take away those that are not to be seen any more. */
  keepOnly(names: string[]): void {
    for (const [name, drawn] of Object.entries(this.drawn)) {
      if (names.includes(name)) continue;
      drawn.arrow.remove();
      delete this.drawn[name];
      this.drawTrails();
    }
  }

  /** Everything of the plan in view. */
  fit(places: Place[]): void {
    if (places.length < 2) return;
    this.fitted = places;
    this.map.fitBounds(bounds(places), { padding: 48, maxZoom: 18, duration: 120 });
  }

  private showHome(home: Place | null): void {
    if (!home) return;
    this.home ??= homeMarker(home).addTo(this.map);
    this.home.setLngLat(home);
  }

  private draw(name: string, place: Place): Drawn {
    const mark = new AircraftMark();
    mark.element.addEventListener("click", () => this.onChosen(name));
    const arrow = new Marker({ element: mark.element }).setLngLat(place).addTo(this.map);
    return { mark, arrow, trail: [] };
  }

  private lengthenTrail(drawn: Drawn, place: Place): void {
    const last = drawn.trail.at(-1);
    if (last && distanceM(last, place) < TRAIL_STEP_M) return;
    drawn.trail = [...drawn.trail.slice(1 - TRAIL_POINTS), place];
    this.drawTrails();
  }

  private drawTrails(): void {
    this.change({ trail: trailsShape(Object.values(this.drawn).map((one) => one.trail)) });
  }

  private drawGrids(): void {
    if (!this.isReady) return;
    this.map.setFilter("grid-flown", ["==", ["get", "code"], this.flownGrid]);
    if (!this.grids) return;
    this.set("grids", this.grids);
    this.set("names", nameShapes(this.grids));
    this.grids = null;
  }

  private change(shapes: Partial<Record<Kind, FeatureCollection>>): void {
    Object.assign(this.shapes, shapes);
    this.isChanged = true;
  }

  private redraw(): void {
    if (!this.isReady || !this.isChanged) return;
    this.isChanged = false;
    const features = Object.entries(this.shapes).flatMap(([kind, shape]) =>
      shape.features.map((feature) => ({ ...feature, properties: { kind } })),
    );
    this.set("live", { type: "FeatureCollection", features });
  }

  private set(name: SourceName, data: FeatureCollection): void {
    void this.map.getSource<GeoJSONSource>(name)?.setData(data);
  }
}
