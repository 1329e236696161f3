/**
 * Finds the known name that a mistyped one stands for. Pure: no clock, no network.
 *
 * @module
 */

/** Longer names are not compared: the work grows with the product of both lengths. */
const MAX_LENGTH = 100;
const MIN_PART_LENGTH = 4;

/**
 * Finds the known name that is most like an unknown one. Case, `_` and `-` do not count.
 *
 * @param name The unknown name.
 * @param known The known names.
 * @returns The nearest: one contains the other, or at most a third of the characters differ.
 * `undefined` when none is near.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * assert.equal(nearestName("requiredScope", ["scopesSupported", "requiredScopes"]), "requiredScopes");
 * assert.equal(nearestName("colour", ["scopesSupported", "requiredScopes"]), undefined);
 * ```
 */
export function nearestName(name: string, known: Iterable<string>): string | undefined {
  let nearest: { name: string; distance: number } | undefined;
  const wanted = normalize(name);
  for (const candidate of known) {
    const given = normalize(candidate);
    if (Math.max(wanted.length, given.length) > MAX_LENGTH) continue;
    const distance = distanceOf(wanted, given);
    const near = distance <= Math.max(wanted.length, given.length) / 3 || isPart(wanted, given);
    if (near && (nearest === undefined || distance < nearest.distance)) {
      nearest = { name: candidate, distance };
    }
  }
  return nearest?.name;
}

function normalize(name: string): string {
  return name.toLowerCase().replace(/[_-]/g, "");
}

function isPart(a: string, b: string): boolean {
  return Math.min(a.length, b.length) >= MIN_PART_LENGTH && (a.includes(b) || b.includes(a));
}

/** How many characters have to be added, dropped, replaced, or swapped with their neighbour. */
function distanceOf(a: string, b: string): number {
  const rows: number[][] = [];
  /** The distance of the first `i` characters of `a` and the first `j` of `b`. */
  const distance = (i: number, j: number): number => rows[i]?.[j] ?? i + j;
  for (let i = 1; i <= a.length; i++) {
    const row: number[] = [];
    rows[i] = row;
    for (let j = 1; j <= b.length; j++) {
      const isSame = a[i - 1] === b[j - 1];
      const isSwapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row[j] = Math.min(
        distance(i - 1, j) + 1,
        distance(i, j - 1) + 1,
        distance(i - 1, j - 1) + (isSame ? 0 : 1),
        isSwapped ? distance(i - 2, j - 2) + 1 : Infinity,
      );
    }
  }
  return distance(a.length, b.length);
}
