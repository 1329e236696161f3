/**
 * The places of a cache's entries whose keys are digests. Pure: no clock, no network.
 *
 * @module
 */

import { grow, type Places } from "../lib/ttl_cache.ts";

/** A SHA-256 as numbers of 32 bits. */
const WORDS = 8;
const DIGITS = 8;
const FIRST_CAPACITY = 16;

/**
 * Creates places for keys that are the SHA-256 of something, in hex and lower case.
 *
 * A full cache holds no object for such a key: the digests stand in a list of numbers, which a garbage
 * collection skips. The Map knows a digest by its first 32 bits, and all 256 are compared. Of two
 * digests that share their first 32 bits one alone has a place. Another text never has one.
 */
export function createDigestPlaces(): Places {
  const places = new Map<number, number>();
  let words = new Int32Array(FIRST_CAPACITY * WORDS);
  /** The digest in hand: filled anew by each call. */
  const digest = new Int32Array(WORDS);

  function read(key: string): boolean {
    if (!/^[0-9a-f]{64}$/.test(key)) return false;
    for (let word = 0; word < WORDS; word++) digest[word] = readWord(key, word * DIGITS);
    return true;
  }

  function findTaken(key: string): number | undefined {
    return read(key) ? places.get(digest[0] ?? 0) : undefined;
  }

  return {
    get size(): number {
      return places.size;
    },
    find(key: string): number | undefined {
      const place = findTaken(key);
      if (place === undefined) return undefined;
      const start = place * WORDS;
      for (let word = 1; word < WORDS; word++) {
        if (words[start + word] !== digest[word]) return undefined;
      }
      return place;
    },
    findTaken,
    add(key: string, place: number): void {
      if (!read(key)) throw new TypeError("A key of this cache has to be a SHA-256 in hex.");
      const start = place * WORDS;
      if (start >= words.length) words = grow(words, Int32Array);
      words.set(digest, start);
      places.set(digest[0] ?? 0, place);
    },
    free(place: number): void {
      places.delete(words[place * WORDS] ?? 0);
    },
    all: () => places.values(),
  };
}

/** Reads eight digits, each of which is 0x30 to 0x39 or, for a letter, 0x61 to 0x66. */
function readWord(digits: string, start: number): number {
  let word = 0;
  for (let at = start; at < start + DIGITS; at++) {
    const code = digits.charCodeAt(at);
    word = word << 4 | (code < 0x61 ? code - 0x30 : code - 0x61 + 10);
  }
  return word;
}
