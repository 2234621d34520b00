/** The keys of the screens. A held or typed-into key does nothing here. */
import { onMounted, onUnmounted } from "vue";

import {
  arm, disarm, doAcknowledge, doCommand, doRelease, doStop, isArmed, isDismissOpen, whyNotDismiss,
} from "./desk";
import { isPlacing } from "./planForm";
import { askSearch, screen, show } from "./screen";

const TYPED_INTO = 'input:not([type="radio"], [type="checkbox"]), textarea, select';

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches(TYPED_INTO);
}

function onKey(event: KeyboardEvent): void {
  if (event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape") {
    // Works everywhere, also while typing: silence comes first.
    doStop();
    disarm();
    isDismissOpen.value = false;
    isPlacing.value = false;
    return;
  }
  if (isTyping(event.target)) return;
  const key = event.key.toLowerCase();
  if (turnTo(key) || (screen.value === "live" && onLiveKey(key))) {
    event.preventDefault(); // Enter must not also press the focused button
  }
}

/** What leads to another screen works on all of them. */
function turnTo(key: string): boolean {
  if (key === "p") show("plan");
  else if (key === "l") show("live");
  else if (key === "/") askSearch();
  else return false;
  return true;
}

/** Whose buttons are not in sight is not pressed by a key either. */
function onLiveKey(key: string): boolean {
  if (key === "a") doAcknowledge();
  else if (key === "r") arm();
  else if (key === "h") doCommand("hold");
  else if (key === "g") doCommand("resume");
  else if (key === "d") isDismissOpen.value = whyNotDismiss.value === null;
  else if (key === "enter" && isArmed.value) doRelease();
  else return false;
  return true;
}

/** Listen while the component is there. */
export function useKeys(): void {
  onMounted(() => window.addEventListener("keydown", onKey));
  onUnmounted(() => window.removeEventListener("keydown", onKey));
}
