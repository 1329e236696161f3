/**
 * Waits for what needs no input and no timer: for promises that other promises settle at once.
 *
 * @module
 */

/** After so many promises the rest is not near: an MCP SDK needs ten to answer. */
const MAX_TICKS = 32;

/**
 * Waits until a condition holds, for a few microtasks. It takes less time than a turn of the event loop.
 *
 * @param holds The condition.
 * @returns Whether it holds.
 */
export async function holdsSoon(holds: () => boolean): Promise<boolean> {
  for (let tick = 0; tick < MAX_TICKS; tick++) {
    if (holds()) return true;
    await undefined;
  }
  return holds();
}
