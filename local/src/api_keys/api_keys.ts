/**
 * The API keys of users, of organizations and of nobody. The store keeps the hash of each key, never
 * the key itself.
 *
 * @module
 */

import { createHash, randomBytes } from "node:crypto";
import type { LimitApiKeysOptions, LocalApiKey } from "../options/api_key_options.ts";
import type { ResolvedApiKeyOptions } from "../options/resolve_api_key_options.ts";
import type { Payload, Store } from "../provider/store.ts";

const KIND = "ApiKey";

/** A key that was just made: the only time at which it can be read. */
interface NewApiKey {
  readonly id: string;
  readonly apiKey: string;
}

/** The members of a key that can be changed. */
interface ApiKeyChange {
  /** The new end in seconds since 1970; `null` for a key that never expires. */
  readonly expiresAt?: number | null;
  readonly metadata?: Record<string, unknown>;
}

/** The API keys. Times are in seconds since 1970. */
export interface ApiKeys {
  /** Makes a key. */
  create(options: ResolvedApiKeyOptions): NewApiKey;
  /** Returns the keys that are valid, the oldest first. */
  list(): LocalApiKey[];
  /** Finds a valid key by its id. */
  findById(id: string): LocalApiKey | undefined;
  /** Finds a valid key by the key itself. */
  find(apiKey: string): LocalApiKey | undefined;
  /** Changes a valid key. */
  update(id: string, change: ApiKeyChange): void;
  /** Ends a key; `false` when no valid key has that id. */
  revoke(id: string): boolean;
  /** Starts or ends a rate limit. */
  limit(options: LimitApiKeysOptions): void;
  /** Returns the seconds for which the backend API is limited; 0 when it is not. */
  secondsLimited(apiKey?: string): number;
}

/**
 * Creates the functions for API keys.
 *
 * @param store Keeps the keys, over a restart too.
 * @param now The clock, in seconds since 1970.
 * @returns The functions.
 */
export function createApiKeys(store: Store, now: () => number): ApiKeys {
  /** When the limit of a key ends, by the hash of the key; `""` is the limit of the backend API. */
  const limits = new Map<string, number>();
  const list = (): LocalApiKey[] =>
    store.ids(KIND).flatMap((id) => read(store.find(KIND, id)) ?? [])
      .sort((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1));
  const findById = (id: string) => read(store.find(KIND, id.toLowerCase()));
  const put = (hash: string, key: LocalApiKey): void => {
    const seconds = key.expiresAt === undefined ? undefined : key.expiresAt - now();
    store.upsert(KIND, key.id, { ...key, hash }, seconds);
  };
  return {
    list,
    findById,
    create({ user, orgId, expiresInSeconds, displayName, metadata }) {
      const id = randomBytes(16).toString("hex");
      const apiKey = randomBytes(32).toString("hex");
      const createdAt = now();
      put(hashOf(apiKey), {
        id,
        kind: orgId !== undefined ? "organization" : user !== undefined ? "personal" : "generic",
        ...(user && { userId: user.id }),
        ...(orgId !== undefined && { orgId }),
        ...(displayName !== undefined && { displayName }),
        ...(metadata && { metadata }),
        createdAt,
        ...(expiresInSeconds !== undefined && { expiresAt: createdAt + expiresInSeconds }),
      });
      return { id, apiKey };
    },
    find: (apiKey) => read(store.findBy(KIND, "hash", hashOf(apiKey))),
    update(id, { expiresAt, metadata }) {
      const stored = store.find(KIND, id.toLowerCase());
      const key = read(stored);
      if (stored === undefined || key === undefined) return;
      const { expiresAt: before, ...others } = key;
      const end = expiresAt === undefined ? before : expiresAt ?? undefined;
      put(String(stored["hash"]), {
        ...others,
        ...(metadata && { metadata }),
        ...(end !== undefined && { expiresAt: end }),
      });
    },
    revoke(id) {
      if (findById(id) === undefined) return false;
      store.destroy(KIND, id.toLowerCase());
      return true;
    },
    limit({ apiKey, waitSeconds }) {
      const name = apiKey === undefined ? "" : hashOf(apiKey);
      if (waitSeconds === 0) limits.delete(name);
      else limits.set(name, now() + waitSeconds);
    },
    secondsLimited: (apiKey) =>
      Math.max(0, (limits.get(apiKey === undefined ? "" : hashOf(apiKey)) ?? 0) - now()),
  };
}

const hashOf = (apiKey: string): string => createHash("sha256").update(apiKey).digest("hex");

/** Reads an entry of the store, which was written above or comes from the state file. */
function read(entry: Payload | undefined): LocalApiKey | undefined {
  if (entry === undefined) return undefined;
  const { hash: _hash, ...key } = entry;
  return isApiKey(key) ? key : undefined;
}

function isApiKey(value: object): value is LocalApiKey {
  return "id" in value && "kind" in value && "createdAt" in value &&
    typeof value.createdAt === "number";
}
