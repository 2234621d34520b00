/** Who is signed in at this console. The key is a cookie that scripts cannot read. */
import { computed, ref } from "vue";

export interface Session {
  login: string;
  name: string;
  grants: { role: string; scope: string }[];
  may: string[];
  must_change: boolean;
  has_pin: boolean;
  is_shared: boolean;
  is_exercise: boolean;
  /** Who acts under which role at a shared console, by login. */
  seats: Record<string, string>;
  csrf: string;
}

export interface Door {
  station: string;
  is_exercise: boolean;
  has_persons: boolean;
}

export interface CrewMember {
  login: string;
  name: string;
  roles: string[];
}

export interface Refusal {
  error: string;
  errorZh: string;
}

export const session = ref<Session | null>(null);
export const door = ref<Door | null>(null);
/** True until it is known whether anybody is signed in. */
export const isAsking = ref(true);
export const isIn = computed(() => session.value !== null && !session.value.must_change);

const UNREACHED: Refusal = {
  error: "The station did not answer.", errorZh: "指挥站没有应答。",
};
const ASK_AGAIN_MS = 2000;

/** By the link's key in the address, if there is one; else by the cookie, if it still counts. */
export async function enter(): Promise<void> {
  const key = new URLSearchParams(location.hash.slice(1)).get("link");
  if (key !== null) {
    history.replaceState(null, "", location.pathname); // used up, and nobody's to read
    if ((await ask("link", { key })) === null) return;
  }
  try {
    const answer = await fetch("/api/session");
    if (answer.ok) take((await answer.json()) as Session);
    else await askDoor();
  } catch {
    setTimeout(() => void enter(), ASK_AGAIN_MS);
  }
}

export const signIn = (login: string, password: string, isShared: boolean) =>
  ask("", { login, password, is_shared: isShared });
export const changePassword = (old: string, fresh: string) =>
  ask("password", { old, new: fresh });
export const takeSeat = (login: string, pin: string, role: string) =>
  ask("seats", { login, pin, role });

export async function choosePin(password: string, pin: string): Promise<Refusal | null> {
  const refusal = await ask("pin", { password, pin });
  if (refusal === null && session.value) session.value = { ...session.value, has_pin: true };
  return refusal;
}

export async function signOut(): Promise<void> {
  await fetch("/api/session", { method: "DELETE", headers: headers() }).catch(() => null);
  leave();
}

/** The station does not know us any more: back to the sign-in page. */
export function leave(): void {
  session.value = null;
  void askDoor();
}

export async function crew(): Promise<CrewMember[]> {
  const answer = await fetch("/api/session/crew");
  return answer.ok ? ((await answer.json()) as CrewMember[]) : [];
}

/** What every change carries: the page's own secret, which no other site knows. */
export function headers(): Record<string, string> {
  return { "Content-Type": "application/json", "X-GridPatrol": session.value?.csrf ?? "console" };
}

/** Ask something of the sign-in; null when it was done. */
async function ask(path: string, body: object): Promise<Refusal | null> {
  try {
    const answer = await fetch(path ? `/api/session/${path}` : "/api/session", {
      method: "POST", headers: headers(), body: JSON.stringify(body),
    });
    if (answer.status === 204) return null;
    const told = (await answer.json()) as Session & { error?: string; error_zh?: string };
    if (!answer.ok) return { error: told.error ?? "", errorZh: told.error_zh ?? "" };
    take(told);
    return null;
  } catch {
    return UNREACHED;
  }
}

function take(found: Session): void {
  session.value = found;
  isAsking.value = false;
}

async function askDoor(): Promise<void> {
  const answer = await fetch("/api/session/door");
  door.value = (await answer.json()) as Door;
  isAsking.value = false;
}
