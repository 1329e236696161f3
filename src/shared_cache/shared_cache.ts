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
 * store with these three operations will do. Whatever is put in is sealed: the store is not trusted
 * with anything.
 */
export interface SharedCache {
  /**
   * Gives what is kept under a key.
   *
   * @param key 43 or a few more characters of `A-Za-z0-9_-:`.
   * @returns The value as it was set; `null` or `undefined` when the key has no value.
   */
  get(key: string): Promise<string | null | undefined>;
  /**
   * Keeps a value for some time.
   *
   * @param key Under what it is kept.
   * @param value What is kept.
   * @param options For how long, and whether only when the key is absent.
   * @returns Whether it was written; `false` when there was one already.
   */
  set(key: string, value: string, options: SharedCacheSetOptions): Promise<boolean>;
  /**
   * Drops what is kept under a key.
   *
   * @param key The key.
   */
  delete(key: string): Promise<unknown>;
}
