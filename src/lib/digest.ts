/**
 * Digests of texts. Pure: no clock, no network.
 *
 * @module
 */

import { hash } from "node:crypto";

/** Computes the SHA-256 of a text in hex: 64 characters, whatever the length of the text. */
export function sha256(text: string): string {
  return hash("sha256", text, "hex");
}
