/**
 * Digests as short keys. Pure: no clock, no network.
 *
 * @module
 */

/** The value of each hex digit, by its character code. */
const DIGITS = new Uint8Array(128);
for (let value = 0; value < 16; value++) DIGITS[value.toString(16).charCodeAt(0)] = value;

/** The length of a SHA-256 in hex. */
const HEX_LENGTH = 64;
/** Filled anew by each call. A plain array: spreading a typed one takes seven times as long. */
const units: number[] = new Array(HEX_LENGTH / 4).fill(0);

function digitAt(digest: string, at: number): number {
  return DIGITS[digest.charCodeAt(at) & 127] ?? 0;
}

/**
 * Packs a SHA-256 in hex into 16 characters of 16 bits each: a key of 48 bytes of memory in place of 80,
 * in which no bit is lost.
 *
 * @param digest The digest, in lower case. Any other text is returned as it is.
 * @returns The key. It is no text to print: its characters may be half of one.
 */
export function packDigest(digest: string): string {
  if (digest.length !== HEX_LENGTH) return digest;
  for (let unit = 0; unit < units.length; unit++) {
    const at = 4 * unit;
    const high = digitAt(digest, at) << 12 | digitAt(digest, at + 1) << 8;
    units[unit] = high | digitAt(digest, at + 2) << 4 | digitAt(digest, at + 3);
  }
  // In one go: a text that is joined of parts keeps them.
  return String.fromCharCode(...units);
}
