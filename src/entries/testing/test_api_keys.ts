/**
 * The API keys of a test, and PropelAuth's answer about each. No clock of its own, no network.
 *
 * @module
 */

import { BrokenRule, refuseAs } from "../../lib/broken_rule.ts";
import { describe } from "../../lib/check_option.ts";
import type { ApiKeyKind } from "../../oauth/api_key.ts";

/** The owner of an API key, and the time until it expires. */
export interface TestApiKeyOptions {
  /**
   * The kind of owner.
   *
   * @default {"personal"}
   */
  kind?: ApiKeyKind;
  /**
   * PropelAuth's user id: the owner of a personal key, the maker of an organization's.
   *
   * @default {"user-1"; none for a generic key}
   */
  subject?: string;
  /**
   * The organization of an organization's key.
   *
   * @default {"org-1"}
   */
  orgId?: string;
  /**
   * The role of the key's maker in the organization.
   *
   * @default {"Member"}
   */
  orgRole?: string;
  /**
   * The permissions of the key's maker in the organization.
   *
   * @default {[]}
   */
  permissions?: string[];
  /**
   * The object that was given when the key was made.
   *
   * @default {an empty object}
   */
  metadata?: Record<string, unknown>;
  /**
   * How long the key is valid, by the test's clock.
   *
   * @default {Infinity}
   */
  expiresInSeconds?: number;
  /**
   * Members of PropelAuth's answer in place of those that the options above make, as they are on the
   * wire: `user`, `org`, `user_in_org` and others. One that is `undefined` is left out.
   *
   * @default {none}
   */
  answer?: Record<string, unknown>;
}

/** The API keys that a test has made. */
interface TestApiKeys {
  /** Makes a key. */
  make(options: TestApiKeyOptions, now: number): string;
  /** Ends a key for good; tells whether it was one. */
  revoke(key: string): boolean;
  /** PropelAuth's answer about a key; `undefined` for one that is not valid. */
  validate(key: string, now: number): Record<string, unknown> | undefined;
}

// A record, so that a name that is forgotten here does not compile.
const NAMES: Record<keyof TestApiKeyOptions, true> = {
  kind: true,
  subject: true,
  orgId: true,
  orgRole: true,
  permissions: true,
  metadata: true,
  expiresInSeconds: true,
  answer: true,
};

/** Creates an empty store. */
export function createTestApiKeys(): TestApiKeys {
  const keys = new Map<string, { readonly answer: Record<string, unknown>; expiresAt: number }>();
  return {
    make(options: TestApiKeyOptions, now: number): string {
      const key = `test_key_${crypto.randomUUID()}`;
      const { expiresInSeconds = Infinity } = options;
      const answer = refuseAs("Cannot make an API key", () => buildAnswer(options));
      keys.set(key, { answer, expiresAt: now + expiresInSeconds });
      return key;
    },
    revoke: (key: string): boolean => keys.delete(key),
    validate(key: string, now: number): Record<string, unknown> | undefined {
      const found = keys.get(key);
      return found === undefined || found.expiresAt <= now ? undefined : found.answer;
    },
  };
}

function buildAnswer(options: TestApiKeyOptions): Record<string, unknown> {
  for (const name of Object.keys(options)) {
    if (!Object.hasOwn(NAMES, name)) {
      const rule = `one of ${Object.keys(NAMES).join(", ")}, or in answer`;
      throw new BrokenRule(name, rule, "an unknown option");
    }
  }
  const { kind = "personal", orgId = "org-1", orgRole = "Member", expiresInSeconds = 0 } = options;
  if (typeof expiresInSeconds !== "number" || Number.isNaN(expiresInSeconds)) {
    throw new BrokenRule("expiresInSeconds", "a number", describe(expiresInSeconds), "range");
  }
  const { subject = "user-1", permissions = [], metadata = {}, answer = {} } = options;
  const user = {
    user_id: subject,
    email: `${subject}@example.com`,
    email_confirmed: true,
    enabled: true,
    locked: false,
  };
  switch (kind) {
    case "personal":
      return { metadata, user, ...answer };
    case "generic":
      return { metadata, ...answer };
    case "organization":
      return {
        metadata,
        user,
        org: { org_id: orgId, name: orgId },
        user_in_org: {
          org_id: orgId,
          org_name: orgId,
          user_role: orgRole,
          user_permissions: permissions,
        },
        ...answer,
      };
    default:
      throw new BrokenRule("kind", "personal, organization or generic", describe(kind));
  }
}
