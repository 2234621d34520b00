/** As much of H.264's byte stream as choosing a decoder needs. */

const SPS = 7;

/** `avc1.PPCCLL` from the parameter set in an Annex-B picture; null when it carries none. */
export function codecOf(bytes: Uint8Array): string | null {
  for (let i = 0; i + 6 < bytes.length; i++) {
    if (bytes[i] !== 0 || bytes[i + 1] !== 0 || bytes[i + 2] !== 1) continue;
    if ((bytes[i + 3]! & 0x1f) !== SPS) continue;
    const hex = Array.from(bytes.subarray(i + 4, i + 7), (b) => b.toString(16).padStart(2, "0"));
    return `avc1.${hex.join("")}`;
  }
  return null;
}
