/**
 * The interface of a cache that many instances share; an adapter implements it. Types alone.
 *
 * @module
 */

/** How a value is kept. */
export interface SharedCacheSetOptions {
  /** Seconds after which the value is gone, with fractions. */
  readonly ttlSeconds: number;
  /** Whether a value that is there already stays as it is. The cache has to decide it atomically. */
  readonly onlyIfAbsent?: boolean;
}

/**
 * A cache that every instance of the server can reach: `@x/propelauth-mcp/redis` makes one, and any
 * store with these three operations will do. Every value but a lock is sealed: the store can neither
 * read nor forge one.
 */
export interface SharedCache {
  /**
   * Gives the value of a key.
   *
   * @param key 43 or a few more characters of `A-Za-z0-9_-:`.
   * @returns The value as it was set; `null` or `undefined` when the key has no value.
   */
  get(key: string): Promise<string | null | undefined>;
  /**
   * Keeps a value for some time.
   *
   * @param key The key.
   * @param value The value.
   * @param options For how long, and whether only when the key has no value yet.
   * @returns Whether it was written; `false` when the key had a value already.
   */
  set(key: string, value: string, options: SharedCacheSetOptions): Promise<boolean>;
  /**
   * Drops the value of a key.
   *
   * @param key The key.
   */
  delete(key: string): Promise<unknown>;
}
