/**
 * Keeps one copy of lists that are equal. Pure: no clock, no network.
 *
 * @module
 */

/** How many lists are kept; past it the pool starts anew. */
export const MAX_POOLED_LISTS = 1000;
/** The longest list that is kept, in characters of JSON. */
export const MAX_POOLED_LENGTH = 1024;

/**
 * Creates an empty pool.
 *
 * Bounded in number and length: what it does not take in is given back as it came.
 *
 * @returns Gives for a read-only list the first one that was equal to it, or the list itself.
 */
export function createListPool(): (list: readonly string[]) => readonly string[] {
  const lists = new Map<string, readonly string[]>();
  return (list) => {
    const key = JSON.stringify(list);
    const known = lists.get(key);
    if (known !== undefined || key.length > MAX_POOLED_LENGTH) return known ?? list;
    if (lists.size >= MAX_POOLED_LISTS) lists.clear();
    lists.set(key, list);
    return list;
  };
}
