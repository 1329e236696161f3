/**
 * Reads JSON from outside without throwing. Pure: no clock, no network.
 *
 * @module
 */

/**
 * Tells a JSON object from arrays, `null` and all other values.
 *
 * @param value Anything.
 * @returns Whether it is an object whose members can be read.
 */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Parses a JSON text.
 *
 * @param text The text.
 * @returns Its value, or `undefined` when the text is not JSON. JSON itself has no `undefined`.
 */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
