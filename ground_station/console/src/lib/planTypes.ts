/** The station's JSON about planning: what /api/plans and its neighbours take and give. */
import type { Finding, Place } from "./types";

export const PATTERNS = ["boundary", "sweep", "points", "hold", "orbit", "corridor"] as const;
export type Pattern = (typeof PATTERNS)[number];

export interface Plan {
  plan_id: string;
  grid_code: string;
  grid_name: string;
  pattern: Pattern;
  sortie_number: number;
  sortie_count: number;
  waypoints: Place[];
  fence: Place[];
  home: Place;
  length_m: number;
  duration_s: number;
  battery_need_pct: number;
}

/** What the camera shows on the leg to one waypoint; null where that is the horizon. */
export interface Leg {
  leg: number;
  height_agl_m: number;
  pitch_deg: number;
  speed_m_s: number;
  shows_from_m: number;
  shows_to_m: number | null;
  sampling_cm_px: number | null;
  person_px: number;
  is_counting: boolean;
  is_valid: boolean;
}

/** One flight of a patrol, to be approved and flown by itself. */
export interface Flight {
  plan: Plan;
  digest: string;
  findings: Finding[];
  legs: Leg[];
}

export interface Checked {
  landed_utc: string;
  minutes_ago: number;
  is_whole: boolean;
  alerts: number;
}

export interface Offer {
  aircraft: string;
  sorties: Flight[];
  recently: Checked | null;
}

export interface Approved {
  approved_by: string;
  findings: Finding[];
}

export interface GridDebt {
  grid_code: string;
  grid_name: string;
  last_look_utc: string | null;
  unseen_s: number | null;
  is_overdue: boolean;
}
