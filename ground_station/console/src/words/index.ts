/** The console's words in the chosen language; both are in the page, so changing takes no reload. */
import { computed, ref, watchEffect } from "vue";

import type { Count, Finding } from "../lib/types";
import { en } from "./en";
import { type Words, zh } from "./zh";

const KEY = "gridpatrol.language";
export type Language = "zh-CN" | "en";

function firstLanguage(): Language {
  const kept = localStorage.getItem(KEY);
  if (kept === "zh-CN" || kept === "en") return kept;
  return navigator.language.toLowerCase().startsWith("zh") ? "zh-CN" : "en";
}

export const language = ref<Language>(firstLanguage());
export const words = computed<Words>(() => (language.value === "en" ? en : zh));

watchEffect(() => {
  document.documentElement.lang = language.value;
  localStorage.setItem(KEY, language.value);
});

export function otherLanguage(): void {
  language.value = language.value === "en" ? "zh-CN" : "en";
}

/** The word for a code, or the code itself: a new one must show, not vanish. */
export function word(dictionary: Readonly<Record<string, string>>, code: string | null): string {
  return code === null ? "–" : (dictionary[code] ?? code);
}

export function findingText(finding: Finding): string {
  return language.value === "en" ? finding.text : finding.text_zh || finding.text;
}

/** "at least 21 people (21 to 43)": never a decimal, never without its bounds. */
export function countText(count: Count | null | undefined): string {
  if (!count || count.is_valid === false) return words.value.count.none;
  return words.value.count.atLeast(Math.floor(count.low), Math.ceil(count.high));
}

/** "32 (21–43)" */
export function countShort(count: Count | null | undefined): string {
  if (!count || count.is_valid === false) return words.value.count.none;
  return `${Math.round(count.estimate)} (${Math.floor(count.low)}–${Math.ceil(count.high)})`;
}
