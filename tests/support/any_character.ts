/** Any text, for properties. */
import fc from "fast-check";

const SURROGATES = 0x800;

/**
 * The unit of a text of any characters. fast-check's own unit `binary` has the same characters, and
 * takes a second of each process before its first case.
 */
export const ANY_CHARACTER: fc.Arbitrary<string> = fc
  .integer({ min: 0, max: 0x10ffff - SURROGATES })
  .map((code) => String.fromCodePoint(code < 0xd800 ? code : code + SURROGATES));
