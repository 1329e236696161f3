/**
 * Keeps what the authorization server has to remember: one map for each kind of thing, with an
 * expiry for each entry and no timer. Entries come and go as copies.
 *
 * @module
 */

/** What is stored: data that JSON can hold. */
export type Payload = Record<string, unknown>;

/** Everything of one store that a restart keeps, for JSON. */
export type StoredEntries = Record<string, [id: string, payload: Payload, expiresAt?: number][]>;

/** A store over all kinds. Times are in seconds since 1970. */
export interface Store {
  /** Gives a copy, unless the entry is absent or expired. */
  find(kind: string, id: string): Payload | undefined;
  /** Gives the first entry whose member has that value. */
  findBy(kind: string, member: string, value: unknown): Payload | undefined;
  /** Adds or replaces; without a number of seconds for good. */
  upsert(kind: string, id: string, payload: Payload, expiresInSeconds?: number): void;
  /** Removes an entry; one that is absent is none to remove. */
  destroy(kind: string, id: string): void;
  /** Removes every entry of the kinds whose member has that value. */
  destroyBy(kinds: readonly string[], member: string, value: unknown): void;
  /** All that a restart keeps. */
  entries(): StoredEntries;
}

interface Entry {
  readonly payload: Payload;
  readonly expiresAt?: number;
}

// Worthless after a restart: their browsers' requests are over, and codes live for a minute.
const FLEETING: readonly string[] = ["Interaction", "AuthorizationCode"];
const UPSERTS_BETWEEN_SWEEPS = 256;

/**
 * Creates a store.
 *
 * @param stored What an earlier store gave.
 * @param now The clock, in seconds since 1970.
 * @param onChange Called after every change of what a restart keeps.
 * @returns The store.
 */
export function createStore(
  stored: StoredEntries,
  now: () => number,
  onChange: () => void,
): Store {
  const kinds = new Map<string, Map<string, Entry>>();
  let upserts = 0;

  const entriesOf = (kind: string): Map<string, Entry> => {
    const entries = kinds.get(kind) ?? new Map<string, Entry>();
    kinds.set(kind, entries);
    return entries;
  };
  const isLive = ({ expiresAt = Infinity }: Entry) => expiresAt > now();
  const changed = (kind: string) => {
    if (!FLEETING.includes(kind)) onChange();
  };
  const sweep = () => {
    for (const entries of kinds.values()) {
      for (const [id, entry] of entries) if (!isLive(entry)) entries.delete(id);
    }
  };
  const destroy = (kind: string, id: string) => {
    if (entriesOf(kind).delete(id)) changed(kind);
  };

  for (const [kind, list] of Object.entries(stored)) {
    for (const [id, payload, expiresAt] of list) {
      entriesOf(kind).set(id, expiresAt === undefined ? { payload } : { payload, expiresAt });
    }
  }
  return {
    find(kind, id) {
      const entry = entriesOf(kind).get(id);
      return entry !== undefined && isLive(entry) ? structuredClone(entry.payload) : undefined;
    },
    findBy(kind, member, value) {
      for (const entry of entriesOf(kind).values()) {
        if (entry.payload[member] === value && isLive(entry)) return structuredClone(entry.payload);
      }
    },
    upsert(kind, id, payload, expiresInSeconds) {
      if (++upserts % UPSERTS_BETWEEN_SWEEPS === 0) sweep();
      const copy = structuredClone(payload);
      const expiresAt = expiresInSeconds === undefined ? undefined : now() + expiresInSeconds;
      entriesOf(kind).set(id, { payload: copy, ...(expiresAt && { expiresAt }) });
      changed(kind);
    },
    destroy,
    destroyBy(kinds, member, value) {
      for (const kind of kinds) {
        for (const [id, { payload }] of entriesOf(kind)) {
          if (payload[member] === value) destroy(kind, id);
        }
      }
    },
    entries() {
      sweep();
      const kept = [...kinds].filter(([kind]) => !FLEETING.includes(kind));
      return Object.fromEntries(kept.map(([kind, entries]) => [
        kind,
        [...entries].map(([id, { payload, expiresAt }]) =>
          expiresAt === undefined ? [id, payload] : [id, payload, expiresAt]
        ),
      ]));
    },
  };
}

/** What ends with its grant. */
const GRANTED_KINDS = ["AccessToken", "AuthorizationCode", "RefreshToken"];

/**
 * Makes the class of which oidc-provider creates one adapter for each kind of thing.
 *
 * @param store Where everything is kept.
 * @param now The clock, in whole seconds since 1970.
 * @returns The class.
 */
export function createAdapterClass(store: Store, now: () => number): new (kind: string) => object {
  return class StoreAdapter {
    readonly #kind: string;
    constructor(kind: string) {
      this.#kind = kind;
    }
    upsert(id: string, payload: Payload, expiresIn?: number): Promise<void> {
      store.upsert(this.#kind, id, payload, expiresIn);
      return Promise.resolve();
    }
    find(id: string): Promise<Payload | undefined> {
      return Promise.resolve(store.find(this.#kind, id));
    }
    findByUid(uid: string): Promise<Payload | undefined> {
      return Promise.resolve(store.findBy(this.#kind, "uid", uid));
    }
    findByUserCode(userCode: string): Promise<Payload | undefined> {
      return Promise.resolve(store.findBy(this.#kind, "userCode", userCode));
    }
    consume(id: string): Promise<void> {
      const payload = store.find(this.#kind, id);
      const consumed = now();
      const exp = Number(payload?.["exp"] ?? consumed);
      if (payload) store.upsert(this.#kind, id, { ...payload, consumed }, exp - consumed);
      return Promise.resolve();
    }
    destroy(id: string): Promise<void> {
      store.destroy(this.#kind, id);
      return Promise.resolve();
    }
    revokeByGrantId(grantId: string): Promise<void> {
      store.destroyBy(GRANTED_KINDS, "grantId", grantId);
      return Promise.resolve();
    }
  };
}
