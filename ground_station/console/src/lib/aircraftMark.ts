/** An aircraft on the map: an arrow, its name, and a line to where its camera looks. */

const SPACE = "http://www.w3.org/2000/svg";
const ARROW = "M12 2l8 19-8-5-8 5z";

export interface AircraftLook {
  headingDeg: number;
  label: string;
  isStale: boolean;
  isChosen: boolean;
  /** From the aircraft to the middle of the picture, on the screen; null when unknown. */
  sightPx: [x: number, y: number] | null;
}

export class AircraftMark {
  readonly element = document.createElement("div");
  private readonly arrow = svg("0 0 24 24");
  private readonly sight = svg("-1 -1 2 2");
  private readonly line = document.createElementNS(SPACE, "path");
  private readonly name = document.createElement("div");

  constructor() {
    this.element.className = "aircraft-marker";
    this.sight.setAttribute("class", "sight");
    this.arrow.setAttribute("class", "arrow");
    this.name.className = "name";
    const shape = document.createElementNS(SPACE, "path");
    shape.setAttribute("d", ARROW);
    this.arrow.append(shape);
    this.sight.append(this.line);
    this.element.append(this.sight, this.arrow, this.name);
  }

  show(look: AircraftLook): void {
    this.element.classList.toggle("stale", look.isStale);
    this.element.classList.toggle("other", !look.isChosen);
    this.arrow.style.transform = `rotate(${look.headingDeg}deg)`;
    if (this.name.textContent !== look.label) this.name.textContent = look.label;
    this.line.setAttribute("d", look.sightPx ? sightPath(...look.sightPx) : "");
  }
}

function svg(viewBox: string): SVGSVGElement {
  const made = document.createElementNS(SPACE, "svg");
  made.setAttribute("viewBox", viewBox);
  return made;
}

/** A line with a barb at its end. */
function sightPath(x: number, y: number): string {
  const length = Math.hypot(x, y);
  if (length < 1) return "";
  const barb = Math.min(8, length / 4);
  const [ux, uy] = [(x / length) * barb, (y / length) * barb];
  const left = `${x - ux + uy / 2} ${y - uy - ux / 2}`;
  const right = `${x - ux - uy / 2} ${y - uy + ux / 2}`;
  return `M0 0L${x} ${y}M${left}L${x} ${y}L${right}`;
}
