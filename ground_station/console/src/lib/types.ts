/** The station's JSON, as /api/state and /api/live give it. */

export type Place = [lonDeg: number, latDeg: number];

export interface Count {
  low: number;
  estimate: number;
  high: number;
  is_valid?: boolean;
}

export interface Finding {
  code: string;
  level: "note" | "warn" | "stop";
  text: string;
  text_zh: string;
  hint: string;
  article: string;
  leg: number | null;
}

export interface Aircraft {
  id: string;
  lat_deg: number | null;
  lon_deg: number | null;
  height_above_home_m: number | null;
  heading_true_deg: number | null;
  speed_m_s: number | null;
  battery_pct: number | null;
  mode: string;
  is_armed: boolean | null;
  is_in_air: boolean | null;
  link_age_s: number;
  home: Place | null;
  camera: { bearing_true_deg: number; pitch_deg: number } | null;
}

export interface Sortie {
  id: string;
  grid_code: string;
  grid_name: string;
  state: string;
  plan: { plan_id: string; waypoints: Place[]; fence: Place[]; length_m: number; duration_s: number };
  waypoint_index: number | null;
  waypoint_total: number | null;
  findings: Finding[];
}

export interface Alert {
  id: string;
  aircraft: string;
  state: string;
  level: string;
  kind: string;
  grid_code: string | null;
  grid_name: string;
  place: Place;
  error_m: number;
  radius_m: number;
  count: Count;
  raised_utc: string;
  acknowledged_by: string | null;
  verdict: string | null;
  case_no?: string | null;
}

export interface Announcement {
  id: string;
  template: string;
  text_zh: string;
  text_en: string;
  state: string;
  released_by: string | null;
  started_utc: string | null;
  finished_utc: string | null;
  slant_range_m: number | null;
  level_dba: number | null;
  blocked: Finding[];
  findings?: Finding[];
}

export interface EffectSample {
  dt_s: number;
  low?: number;
  estimate?: number;
  high?: number;
  is_valid?: boolean;
  is_observed?: boolean;
}

export interface Effect {
  before: Count | null;
  after?: Count | null;
  samples: EffectSample[];
  verdict: string | null;
  observing_since_utc: string | null;
}

export interface Case {
  case_no: string;
  severity: string;
  tier: string;
  tier_zh: string;
  state: string;
  state_zh: string;
  grid_code: string | null;
  grid_name: string;
  owner_unit: string;
  owner_person: string;
  accept_due_utc: string | null;
  due_utc: string | null;
  description: string;
}

export interface Crowd {
  place: Place;
  radius_m: number;
  error_m: number;
  count: Count;
  standoff_m: number;
}

export interface Look {
  captured_utc: string;
  age_s: number;
  is_valid: boolean;
  reason: string;
  boxes: [x0: number, y0: number, x1: number, y1: number, score: number][];
  size_px: [width: number, height: number];
  rate_hz: number;
  latency_s: number;
}

/** One line of the story; further fields depend on `event`. */
export interface StoryEvent {
  t_utc: string;
  event: string;
  sortie: string;
  grid: string;
  aircraft: string;
  [field: string]: unknown;
}

/** What the station has of one aircraft. */
export interface UnitState {
  sortie: Sortie | null;
  alert: Alert | null;
  alerts: Alert[];
  announcement: Announcement | null;
  effect: Effect | null;
  crowd: Crowd | null;
  people: Place[];
  look: Look | null;
  camera: { id: string; state: string; text: string } | null;
}

export interface StationState {
  station: { name: string; is_exercise: boolean; version: string } | null;
  clock: { utc: string; speed: number } | null;
  register: { version: string; is_synthetic: boolean } | null;
  /** Those that were heard, in the order of the settings. */
  aircraft: Aircraft[];
  cases: Case[];
  story: StoryEvent[];
  /** Those that are not over, newest first. */
  missions: Mission[];
}

export interface Template {
  id: string;
  zh: string;
  en: string;
}

/** One plan from its drawing to its signed log; its id is the plan's. */
export interface Mission {
  mission_id: string;
  grid_code: string;
  grid_name: string;
  state: string;
  aircraft: string;
  sorties: string[];
  continues: string;
  break_point: BreakPoint | null;
  abort_asked: { by: string; reason: string; at_utc: string } | null;
  possible: string[];
}

/** How far a sortie came that did not fly its whole plan. */
export interface BreakPoint {
  sortie: string;
  waypoint_index: number;
  waypoint_total: number;
}
