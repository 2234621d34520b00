/** What a flight's legs and findings say, for the lists: nothing is decided here. */
import { language } from "../words";
import type { Flight, Leg } from "./planTypes";
import type { Finding } from "./types";

const INVALID = new Set(["count.invalid_at_standoff", "count.out_of_picture"]);
const isAboutCounting = (finding: Finding) => finding.code.startsWith("count.");
const isClearance = (finding: Finding) => finding.code.startsWith("clearance.");
const isAboutCover = (finding: Finding) => finding.code === "coverage.share";

/** Whether people can be counted all along; null where nothing is said of it. */
export function canCount(flight: Flight): "yes" | "partly" | "no" | null {
  const told = flight.findings.filter(isAboutCounting);
  if (!told.length) return null;
  if (told.some((finding) => INVALID.has(finding.code))) return "no";
  return told.some((finding) => finding.level !== "note") ? "partly" : "yes";
}

/** What the station says of the lens, and what would mend it. */
export const countingFindings = (flight: Flight) => flight.findings.filter(isAboutCounting);

/** Everything else, without what the table of the clearance says by itself. */
export const checkFindings = (flight: Flight) =>
  flight.findings.filter((finding) => !isAboutCounting(finding) && !isClearance(finding));

/** The share of the grid that is seen, in the station's words. */
export function coveredText(flight: Flight | null): string {
  const told = flight?.findings.find(isAboutCover);
  if (!told) return "";
  return language.value === "en" ? told.text : told.text_zh || told.text;
}

/** Counting legs that are flown alike, once, with how many there are. */
export function legsAlike(flight: Flight): { leg: Leg; count: number }[] {
  const alike = new Map<string, { leg: Leg; count: number }>();
  for (const leg of flight.legs.filter((one) => one.is_counting)) {
    const key = [leg.height_agl_m, leg.pitch_deg, leg.speed_m_s, leg.is_valid].join(" ");
    const known = alike.get(key);
    if (known) known.count += 1;
    else alike.set(key, { leg, count: 1 });
  }
  return [...alike.values()];
}
