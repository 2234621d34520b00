/** The station's JSON about planning: what /api/plans and its neighbours take and give. */
import type { BreakPoint, Finding, Place } from "./types";

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
  /** The sortie whose rest it flies, where it does. */
  continues?: string;
  /** Where it was sent to a place: when it is there, and why others are not sent. */
  call?: { there_s: number; options: Going[] };
}

/** Who goes to a place: the plan of the one that is there first, and what each of them answered. */
export interface CallOffer extends Flight {
  aircraft: string;
  there_s: number;
  options: Going[];
}

export interface Going {
  aircraft: string;
  can_go: boolean;
  there_s: number | null;
  reasons: { text: string; text_zh: string }[];
}

/** One flight alone: the rest of a sortie. */
export interface RestOffer extends Flight {
  aircraft: string;
  continues: string;
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

export type Outcome = "ok" | "note" | "warn" | "stop" | "not_needed";

/** One rule of the law, answered. */
export interface Answer {
  rule_id: string;
  article: string;
  question: string;
  question_zh: string;
  outcome: Outcome;
  text: string;
  text_zh: string;
  source: string;
  source_zh: string;
}

export interface Deadline {
  deadline_id: string;
  article: string;
  text: string;
  text_zh: string;
  due_utc: string;
  is_needed: boolean;
}

export interface Clearance {
  plan_id: string;
  takeoff_utc: string;
  is_cleared: boolean;
  is_permit_needed: boolean;
  permit_ids: string[];
  class_zh: string;
  class_en: string;
  answers: Answer[];
  deadlines: Deadline[];
  law: { version: string; source: string };
  application: { pdf: string; csv: string };
}

/** Today's grids, unfinished ones first, then those unseen the longest. */
export interface Due {
  due_count: number;
  unplanned_count: number;
  items: DueGrid[];
}

export interface DueGrid {
  grid_code: string;
  grid_name: string;
  is_due: boolean;
  unseen_s: number | null;
  mission: { mission_id: string; state: string } | null;
  break_point: BreakPoint | null;
}
