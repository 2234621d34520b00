/** Times as a squad in Shanghai reads them. */

const CLOCK = new Intl.DateTimeFormat("en-GB", {
  timeZone: "Asia/Shanghai", hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false,
});
const DAY = new Intl.DateTimeFormat("en-CA", {
  timeZone: "Asia/Shanghai", year: "numeric", month: "2-digit", day: "2-digit",
});

/** 09:41:07 */
export function clockText(ms: number): string {
  return CLOCK.format(ms);
}

/** 09:41, with the date in front when it is not the same day as `nowMs`. */
export function dueText(utc: string, nowMs: number | null): string {
  const ms = Date.parse(utc);
  const hour = clockText(ms).slice(0, 5);
  const day = DAY.format(ms);
  return nowMs !== null && DAY.format(nowMs) === day ? hour : `${day} ${hour}`;
}

/** 0:48, 12:05, 1:02:10 */
export function spanText(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const rest = String(whole % 60).padStart(2, "0");
  const minutes = Math.floor(whole / 60) % 60;
  const hours = Math.floor(whole / 3600);
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}
