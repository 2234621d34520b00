/** The keys of the live screen. A held or typed-into key does nothing here. */
import { onMounted, onUnmounted } from "vue";

import {
  arm, disarm, doAcknowledge, doCommand, doRelease, doStop, isArmed, isDismissOpen, whyNotDismiss,
} from "./desk";

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches("input, textarea, select");
}

function onKey(event: KeyboardEvent): void {
  if (event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape") {
    // Works everywhere, also while typing: silence comes first.
    doStop();
    disarm();
    isDismissOpen.value = false;
    return;
  }
  if (isTyping(event.target)) return;
  const key = event.key.toLowerCase();
  if (key === "a") doAcknowledge();
  else if (key === "r") arm();
  else if (key === "h") doCommand("hold");
  else if (key === "g") doCommand("resume");
  else if (key === "d") isDismissOpen.value = whyNotDismiss.value === null;
  else if (key === "enter" && isArmed.value) doRelease();
  else return;
  event.preventDefault(); // Enter must not also press the focused button
}

/** Listen while the component is there. */
export function useKeys(): void {
  onMounted(() => window.addEventListener("keydown", onKey));
  onUnmounted(() => window.removeEventListener("keydown", onKey));
}
