/**
 * Tells an object from what only looks like one.
 *
 * @param value Anything.
 * @returns Whether it is an object, and no list.
 */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
