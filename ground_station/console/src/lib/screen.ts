/** Which screen is shown. Both stay in the page: neither loses its place, nor the video a frame. */
import { ref } from "vue";

export type Screen = "live" | "plan";

export const screen = ref<Screen>("live");
/** The planning screen costs a map of its own: it is made when it is first asked for. */
export const wasPlanOpened = ref(false);
/** Counts up whenever somebody wants to type a grid's name. */
export const searchAsked = ref(0);

export function show(wanted: Screen): void {
  screen.value = wanted;
  if (wanted === "plan") wasPlanOpened.value = true;
}

export function askSearch(): void {
  show("plan");
  searchAsked.value += 1;
}
