/**
 * A token that was never issued.
 *
 * @module
 */

import { randomUUID } from "node:crypto";

/** Makes up a token that was never issued; its beginning tells an operator who sent it. */
export function randomToken(): string {
  return `doctor-${randomUUID()}`;
}
