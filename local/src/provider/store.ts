/**
 * Keeps the state of the authorization server in memory: one map for each kind of entry (clients,
 * grants, tokens), without timers. Entries are copied on their way in and out.
 *
 * @module
 */

/** The content of an entry: data that JSON can represent. */
export type Payload = Record<string, unknown>;

/** The entries that survive a restart, by kind. */
export type StoredEntries = Record<string, [id: string, payload: Payload, expiresAt?: number][]>;

/** Entries of every kind. Times are in seconds since 1970. */
export interface Store {
  /** Returns a copy of an entry, which counts as its use; `undefined` when absent or expired. */
  find(kind: string, id: string): Payload | undefined;
  /** Returns a copy of the first entry whose member has that value. */
  findBy(kind: string, member: string, value: unknown): Payload | undefined;
  /** Returns the ids of a kind, the least recently used one first. */
  ids(kind: string): string[];
  /** Returns the values of one member of all entries of a kind. */
  values(kind: string, member: string): unknown[];
  /**
   * Adds or replaces an entry. Without a number of seconds it never expires. Some kinds are limited:
   * their least recently used entries then make room.
   */
  upsert(kind: string, id: string, payload: Payload, expiresInSeconds?: number): void;
  /** Removes an entry, if it exists. */
  destroy(kind: string, id: string): void;
  /** Removes the entries of these kinds whose member has that value. */
  destroyBy(kinds: readonly string[], member: string, value: unknown): void;
  /** Returns the entries that survive a restart. */
  entries(): StoredEntries;
}

interface Entry {
  readonly payload: Payload;
  readonly expiresAt?: number;
}

// Not kept over a restart: a login page is opened again in seconds, and codes live for a minute.
const FLEETING: readonly string[] = ["Interaction", "AuthorizationCode"];
const UPSERTS_BETWEEN_SWEEPS = 256;
/** Kinds that requests without a login can add to. The registration endpoint limits clients. */
const MAX_ENTRIES: Readonly<Record<string, number>> = {
  ApiKey: 10_000,
  Consent: 1000,
  Interaction: 1000,
  Session: 1000,
};

/**
 * Creates a store.
 *
 * @param stored The entries of an earlier store.
 * @param now The clock, in seconds since 1970.
 * @param onChange Called after every change of an entry that survives a restart.
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
  const live = (kind: string) => [...entriesOf(kind)].filter(([, entry]) => isLive(entry));
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
      const entries = entriesOf(kind);
      const entry = entries.get(id);
      if (entry === undefined || !isLive(entry)) return undefined;
      // A Map keeps the order of insertion: the most recently used entry moves to the end.
      entries.delete(id);
      entries.set(id, entry);
      return structuredClone(entry.payload);
    },
    findBy(kind, member, value) {
      for (const entry of entriesOf(kind).values()) {
        if (entry.payload[member] === value && isLive(entry)) return structuredClone(entry.payload);
      }
    },
    ids: (kind) => live(kind).map(([id]) => id),
    values: (kind, member) => live(kind).map(([, { payload }]) => payload[member]),
    upsert(kind, id, payload, expiresInSeconds) {
      if (++upserts % UPSERTS_BETWEEN_SWEEPS === 0) sweep();
      const copy = structuredClone(payload);
      const expiresAt = expiresInSeconds === undefined ? undefined : now() + expiresInSeconds;
      const entries = entriesOf(kind);
      entries.delete(id);
      entries.set(id, { payload: copy, ...(expiresAt && { expiresAt }) });
      for (const oldest of entries.keys()) {
        if (entries.size <= (MAX_ENTRIES[kind] ?? Infinity)) break;
        entries.delete(oldest);
      }
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
