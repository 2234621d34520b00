/** Finding one grid among some hundred by what people call it: 达濠 3, 第三网格, 001002006. */
import { computed } from "vue";

import { grids } from "./reference";

export interface GridName {
  code: string;
  name: string;
  flags: string[];
}

const ORDINAL_DIGITS = 3; // a longer run of digits is a part of the code
const TENS = ["", "一", "二", "三", "四", "五", "六", "七", "八", "九"];

/** Every plannable grid, in the order of the codes. */
export const gridNames = computed<GridName[]>(() =>
  (grids.value?.features ?? [])
    .filter((feature) => feature.properties?.level === "grid")
    .map(({ properties }) => ({
      code: String(properties?.code), name: String(properties?.name_spoken ?? properties?.code),
      flags: (properties?.sensitive_flags ?? []) as string[],
    }))
    .sort((a, b) => a.code.localeCompare(b.code)),
);

export const gridNamed = (code: string | null) =>
  gridNames.value.find((one) => one.code === code) ?? null;

/** Those that every word of the text fits; first those of whose community it is the very name. */
export function findGrids(text: string): GridName[] {
  const wanted = text.replaceAll(/(\d+)/g, " $1 ").trim().split(/\s+/).filter(Boolean);
  const found = gridNames.value.filter((grid) => wanted.every((part) => fits(grid, part)));
  const rank = (grid: GridName) => wanted.filter((part) => grid.name.includes(`${part}社区`)).length;
  return found.sort((a, b) => rank(b) - rank(a));
}

function fits(grid: GridName, part: string): boolean {
  if (!/^\d+$/.test(part)) return grid.name.includes(part);
  if (part.length > ORDINAL_DIGITS) return grid.code.includes(part);
  const number = Number(part);
  return grid.name.includes(`第${inChinese(number)}网格`) || grid.code.endsWith(part.padStart(3, "0"));
}

/** 1 to 99 as grids are numbered: 三, 十二, 二十. */
function inChinese(number: number): string {
  const tens = Math.floor(number / 10);
  const ones = TENS[number % 10] ?? "";
  if (tens === 0) return ones;
  return `${tens === 1 ? "" : (TENS[tens] ?? "")}十${ones}`;
}
