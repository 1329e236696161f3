/**
 * Connects oidc-provider to the store.
 *
 * @module
 */

import type { Payload, Store } from "./store.ts";

/** The kinds of entries that end with their grant. */
const GRANTED_KINDS = ["AccessToken", "AuthorizationCode", "RefreshToken"];

/** The parts of an adapter class. */
interface AdapterParts {
  readonly store: Store;
  /** The clock, in whole seconds since 1970. */
  readonly now: () => number;
  /** The error that is answered `invalid_grant`. */
  readonly InvalidGrant: new (description: string) => Error;
}

/**
 * Ends a grant: removes it, its tokens and its authorization code.
 *
 * @param store Keeps the entries.
 * @param grantId The id of the grant.
 */
export function endGrant(store: Store, grantId: string): void {
  store.destroyBy(GRANTED_KINDS, "grantId", grantId);
  store.destroy("Grant", grantId);
}

/**
 * Creates the class that oidc-provider instantiates once for each kind of entry.
 *
 * A code or a refresh token is consumed once, although oidc-provider looks whether it is consumed
 * long before it consumes it: of two requests at once the second is refused here, and ends the grant
 * (RFC 6749 §4.1.2, RFC 9700 §4.14.2). Tokens that the first request saves later are dropped.
 *
 * @param parts Store, clock and error class.
 * @returns The class.
 */
export function createAdapterClass(
  { store, now, InvalidGrant }: AdapterParts,
): new (kind: string) => object {
  const hasEnded = (kind: string, { grantId }: Payload): boolean =>
    GRANTED_KINDS.includes(kind) && typeof grantId === "string" &&
    store.find("Grant", grantId) === undefined;
  return class StoreAdapter {
    readonly #kind: string;
    constructor(kind: string) {
      this.#kind = kind;
    }
    upsert(id: string, payload: Payload, expiresIn?: number): Promise<void> {
      if (!hasEnded(this.#kind, payload)) store.upsert(this.#kind, id, payload, expiresIn);
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
      if (payload === undefined || payload["consumed"] !== undefined) {
        if (payload !== undefined) endGrant(store, String(payload["grantId"]));
        return Promise.reject(new InvalidGrant("the code or refresh token was used already"));
      }
      const consumed = now();
      const expiresIn = Number(payload["exp"] ?? consumed) - consumed;
      store.upsert(this.#kind, id, { ...payload, consumed }, expiresIn);
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
