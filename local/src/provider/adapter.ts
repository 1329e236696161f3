/**
 * The store as oidc-provider wants one.
 *
 * @module
 */

import type { Payload, Store } from "./store.ts";

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
