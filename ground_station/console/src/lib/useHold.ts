/** A press that must be held: the second step before what cannot be taken back. */
import { onScopeDispose, ref } from "vue";

/** Pressed for `holdMs` without a break, then `done` once; `progress` runs from 0 to 1. */
export function useHold(holdMs: number, done: () => void) {
  const progress = ref(0);
  let startedMs = 0;
  let frame = 0;

  function step(): void {
    progress.value = Math.min(1, (performance.now() - startedMs) / holdMs);
    if (progress.value < 1) {
      frame = requestAnimationFrame(step);
    } else {
      stop();
      done();
    }
  }

  function start(): void {
    if (frame) return;
    startedMs = performance.now();
    frame = requestAnimationFrame(step);
  }

  function stop(): void {
    cancelAnimationFrame(frame);
    frame = 0;
    progress.value = 0;
  }

  onScopeDispose(stop);
  return { progress, start, stop };
}
