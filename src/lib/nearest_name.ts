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
  let [before, last]: [number[], number[]] = [
    [],
    Array.from({ length: b.length + 1 }, (_, j) => j),
  ];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (last[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
        ? (before[j - 2] ?? 0) + 1
        : Infinity;
      row.push(Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, replaced, swapped));
    }
    [before, last] = [last, row];
  }
  return last[b.length] ?? 0;
}
