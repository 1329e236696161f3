/**
 * JSON values: reads text without throwing, freezes, drops absent members. Pure: no clock, no network.
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

/**
 * Freezes a value and all that it holds.
 *
 * @param root The value; nothing else may hold a part of it.
 * @returns The same value.
 */
export function freezeDeeply<T extends object>(root: T): T {
  // Without recursion: 64 KiB of JSON can be nested deeper than a call stack.
  const open: object[] = [root];
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    for (const member of Object.values(value)) {
      if (typeof member === "object" && member !== null) open.push(member);
    }
    Object.freeze(value);
  }
  return root;
}

/** The members of a type that are not `undefined`. */
type Defined<T> = { [Name in keyof T]?: Exclude<T[Name], undefined> };

/**
 * Copies an object without the members that are `undefined`.
 *
 * @param values The object.
 * @returns The copy.
 */
export function definedOnly<T extends object>(values: T): Defined<T> {
  const defined: Defined<T> = {};
  const own: T = { ...values };
  for (const name in own) {
    const value = own[name];
    if (value !== undefined) Object.assign(defined, { [name]: value });
  }
  return defined;
}
