/** Which grids are due today: unfinished ones first. Null where the station has no such list. */
import { onMounted, onUnmounted, shallowRef, watch } from "vue";

import { state } from "./live";
import type { Due } from "./planTypes";
import { isIn } from "./session";

const AGAIN_MS = 60_000;

export const due = shallowRef<Due | null>(null);

/** What of the missions decides which grids are still due. */
const progress = () =>
  state.missions.map((one) => `${one.mission_id} ${one.state} ${one.break_point?.waypoint_index}`).join();

/** Keep it read while the component is there: every minute, and when a mission changes. */
export function useDue(): void {
  let timer = 0;
  onMounted(() => {
    void readDue();
    timer = window.setInterval(() => void readDue(), AGAIN_MS);
  });
  watch(progress, () => void readDue());
  onUnmounted(() => {
    clearInterval(timer);
    due.value = null; // the next person's may be others
  });
}

async function readDue(): Promise<void> {
  if (!isIn.value) return;
  try {
    const answer = await fetch("/api/patrols/due");
    due.value = answer.ok ? ((await answer.json()) as Due) : null;
  } catch {
    // The station is away: the whole console says so, and the list is read again in a minute.
  }
}
