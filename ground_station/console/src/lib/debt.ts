/** How long each grid has gone unseen; read when the planning screen is opened, and every minute. */
import { computed, onMounted, onUnmounted, shallowRef } from "vue";

import { words } from "../words";
import type { GridDebt } from "./planTypes";
import { isIn } from "./session";

const AGAIN_MS = 60_000;
const HOUR_S = 3600;
const DAYS_FROM_H = 48;

export const debts = shallowRef<GridDebt[]>([]);
const byCode = computed(() => new Map(debts.value.map((debt) => [debt.grid_code, debt])));

/** "2 天未巡", "无巡查记录"; empty as long as it is not known. */
export function unseenText(code: string): string {
  const debt = byCode.value.get(code);
  if (debt === undefined) return "";
  return debt.unseen_s === null ? words.value.plan.never : words.value.plan.unseen(longText(debt.unseen_s));
}

/** The greatest unit that says enough: 40 min, 5 h, 3 d. */
export function longText(seconds: number): string {
  const plan = words.value.plan;
  const hours = seconds / HOUR_S;
  if (hours < 1) return plan.minutes(Math.floor(seconds / 60));
  return hours < DAYS_FROM_H ? plan.hours(Math.floor(hours)) : plan.days(Math.floor(hours / 24));
}

/** Keep it read while the component is there. */
export function useDebts(): void {
  let timer = 0;
  onMounted(() => {
    void readDebts();
    timer = window.setInterval(() => void readDebts(), AGAIN_MS);
  });
  onUnmounted(() => {
    clearInterval(timer);
    debts.value = []; // the next person's may be others
  });
}

async function readDebts(): Promise<void> {
  if (!isIn.value) return;
  try {
    const answer = await fetch("/api/coverage/debt");
    if (answer.ok) debts.value = ((await answer.json()) as { items: GridDebt[] }).items;
  } catch {
    // The station is away: the whole console says so, and the list is read again in a minute.
  }
}
