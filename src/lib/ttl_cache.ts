/**
 * A Map-based cache, bounded in number and in time. The clock is an argument.
 *
 * @module
 */

/** A cache that keeps each entry until a given time, and at most `maxSize` entries. */
interface TtlCache<V> {
  /** The number of entries, stale ones included that were not asked for since. */
  readonly size: number;
  /** The value, while it is fresh at `now` (seconds). A hit never lengthens its life. */
  get(key: string, now: number): V | undefined;
  /**
   * Keeps a value until `freshUntil` (seconds, exclusive). Past `maxSize` the least recently used
   * entry is dropped. Before `freshFrom` the value is not fresh: after a clock has jumped back, its
   * age is unknown.
   */
  set(key: string, value: V, freshUntil: number, freshFrom?: number): void;
  /** Drops an entry. */
  delete(key: string): void;
  /** Drops every entry whose value matches; calls `matches` for each entry. */
  deleteWhere(matches: (value: V) => boolean): void;
}

/**
 * Gives each key of a cache a place: a small number, under which the cache keeps the rest of the entry
 * in lists side by side.
 */
export interface Places {
  /** The number of keys that have a place. */
  readonly size: number;
  /** The place of a key. */
  find(key: string): number | undefined;
  /** The place that has to be freed before the key can be given one: its own, or another key's. */
  findTaken(key: string): number | undefined;
  /** Gives a place to a key. */
  add(key: string, place: number): void;
  /** Frees a place. */
  free(place: number): void;
  /** The places that keys have. */
  all(): Iterable<number>;
}

/** Creates places for keys of any text. */
function createTextPlaces(): Places {
  const places = new Map<string, number>();
  const keys: string[] = [];
  const find = (key: string): number | undefined => places.get(key);
  return {
    get size(): number {
      return places.size;
    },
    find,
    findTaken: find,
    add(key: string, place: number): void {
      keys[place] = key;
      places.set(key, place);
    },
    free(place: number): void {
      places.delete(keys[place] ?? "");
      keys[place] = "";
    },
    all: () => places.values(),
  };
}

/** Stands for no entry, in the order of use. */
const NONE = -1;
const FIRST_CAPACITY = 16;

/**
 * Creates an empty cache.
 *
 * Promises: at most `maxSize` entries, the least recently used evicted first; no timer (a stale
 * entry is dropped when it is asked for, or when newer ones take its place); no clock of its own.
 *
 * Does not copy values: store read-only ones.
 *
 * @param maxSize How many entries are kept at most; 0 keeps none.
 * @param places Places for its kind of keys, of which no key has one yet; any text by default.
 * @returns The cache.
 *
 * @example A value lives until the time it was given
 * ```ts
 * import assert from "node:assert/strict";
 * const cache = createTtlCache<string>(100);
 * cache.set("key", "value", 1060);
 * assert.equal(cache.get("key", 1059), "value");
 * assert.equal(cache.get("key", 1060), undefined);
 * ```
 */
export function createTtlCache<V extends NonNullable<unknown>>(
  maxSize: number,
  places: Places = createTextPlaces(),
): TtlCache<V> {
  // Each entry has a place in lists side by side instead of an object: a garbage collection visits each
  // object, and skips the numbers of a typed array. The lists grow up to `maxSize`, and never shrink.
  const values: (V | undefined)[] = [];
  const free: number[] = [];
  let freshUntil = new Float64Array(FIRST_CAPACITY);
  let freshFrom = new Float64Array(FIRST_CAPACITY);
  // The order of use is a linked list beside the Map. Deleting and re-inserting a key on each hit
  // would keep the order too, but each time leaves a tombstone in the key's bucket: a hot key in a
  // full Map of 10,000 then costs 25 microseconds a hit instead of a few nanoseconds.
  let newer = new Int32Array(FIRST_CAPACITY);
  let older = new Int32Array(FIRST_CAPACITY);
  let newest = NONE;
  let oldest = NONE;

  function unlink(place: number): void {
    const [before = NONE, after = NONE] = [newer[place], older[place]];
    if (before === NONE) newest = after;
    else older[before] = after;
    if (after === NONE) oldest = before;
    else newer[after] = before;
  }

  function linkAsNewest(place: number): void {
    newer[place] = NONE;
    older[place] = newest;
    if (newest !== NONE) newer[newest] = place;
    newest = place;
    if (oldest === NONE) oldest = place;
  }

  function drop(place: number): void {
    places.free(place);
    unlink(place);
    values[place] = undefined;
    free.push(place);
  }

  function takePlace(): number {
    const place = free.pop() ?? values.length;
    if (place < newer.length) return place;
    freshUntil = grow(freshUntil, Float64Array);
    freshFrom = grow(freshFrom, Float64Array);
    newer = grow(newer, Int32Array);
    older = grow(older, Int32Array);
    return place;
  }

  return {
    get size(): number {
      return places.size;
    },
    get(key: string, now: number): V | undefined {
      const place = places.find(key);
      if (place === undefined) return undefined;
      if ((freshUntil[place] ?? 0) <= now || now < (freshFrom[place] ?? 0)) {
        drop(place);
        return undefined;
      }
      if (place !== newest) {
        unlink(place);
        linkAsNewest(place);
      }
      return values[place];
    },
    set(key: string, value: V, until: number, from = -Infinity): void {
      if (maxSize <= 0) return;
      const taken = places.findTaken(key);
      if (taken !== undefined) drop(taken);
      const place = takePlace();
      places.add(key, place);
      values[place] = value;
      freshUntil[place] = until;
      freshFrom[place] = from;
      linkAsNewest(place);
      if (places.size > maxSize) drop(oldest);
    },
    delete(key: string): void {
      const place = places.find(key);
      if (place !== undefined) drop(place);
    },
    deleteWhere(matches: (value: V) => boolean): void {
      for (const place of places.all()) {
        const value = values[place];
        if (value !== undefined && matches(value)) drop(place);
      }
    },
  };
}

/**
 * Copies a list of numbers into one of twice the length.
 *
 * @param list The list.
 * @param create Its constructor.
 * @returns The copy; the numbers behind those of the list are 0.
 */
export function grow<T extends Float64Array | Int32Array>(
  list: T,
  create: new (length: number) => T,
): T {
  const grown = new create(2 * list.length);
  grown.set(list);
  return grown;
}
