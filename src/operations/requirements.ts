/**
 * Requirements that code inside a tool makes of its caller. Pure: no clock, no network.
 *
 * @module
 */

import { type AccessToken, scopeMissing } from "../oauth/access_token.ts";
import { AccessTokenError, refusalFor } from "../oauth/errors.ts";
import type { Emit } from "../events/events.ts";
import type { AuditedRequest } from "./call_audit.ts";
import { readCalls } from "./calls.ts";
import type { Operation } from "./operations.ts";
import { describe, isScope } from "../lib/check_option.ts";
import { holdsAll, type HoldsScope } from "../oauth/scope_hierarchy.ts";
import { buildCallRefused } from "../events/token_events.ts";

/** A challenge that SDK v2 sends before a tool, resource or prompt is reached. */
export interface ScopeChallenge {
  /** Every scope that the operation needs, those that every request needs included. */
  scopes: [string, ...string[]];
  /** A fixed sentence. */
  errorDescription: string;
}

/** Fits the option `scopeChallenge` of SDK v2's `registerTool` and its like. */
export type ScopeChallengeHandler = (
  context: { authInfo?: { scopes: string[] } },
) => ScopeChallenge | undefined;

/**
 * The requirements that a tool can make of the caller of the request under way. Outside of a request
 * there is no caller, and every requirement throws.
 */
export interface Requirements {
  /**
   * Requires that the caller holds all of the given scopes.
   *
   * The MCP SDKs turn an error that a tool throws into a result with `isError`. For a client that
   * shall step up by itself, use the option `operations`, or {@linkcode Requirements.scopeChallenge}.
   * An MCP server that is a function of yours may let the error through: the client is then answered
   * 403, with a challenge that names the scopes.
   *
   * @param scopes The scopes, at least one.
   * @returns The caller.
   * @throws {AccessTokenError} `scope_missing`; its `scopes` are all that the caller has to hold.
   * @throws {AccessTokenError} `missing_credentials`: there is no caller.
   * @throws {TypeError} No scope is given, or one is not a scope-token (RFC 6749 §3.3).
   */
  requireScopes(...scopes: string[]): AccessToken;
  /**
   * The same requirement for SDK v2's option `scopeChallenge`, which answers 403 with a challenge
   * before the tool is reached:
   * `registerTool("add_note", { scopeChallenge: auth.scopeChallenge("notes:write") }, ...)`.
   *
   * It is not `requireScopes()`, since a tool is registered before there is a request. Unlike the
   * SDK's own `scopeChallenge`, it refuses when there is no caller.
   *
   * @param scopes The scopes, at least one.
   * @returns A function for the option `scopeChallenge`.
   * @throws {TypeError} No scope is given, or one is not a scope-token (RFC 6749 §3.3).
   */
  scopeChallenge(...scopes: string[]): ScopeChallengeHandler;
  /**
   * Requires that the caller acts for an organization: the claim `org_id` equals `orgId`.
   *
   * @param orgId The organization's id.
   * @returns The caller.
   * @throws {AccessTokenError} `org_mismatch`, or `org_claim_missing`: the claim is missing.
   * @throws {AccessTokenError} `missing_credentials`: there is no caller.
   * @throws {TypeError} `orgId` is not a string, or empty.
   */
  requireOrg(orgId: string): AccessToken;
  /**
   * Requires a role in the caller's organization: the claim `org_role` is one of `roles`.
   * The claim says nothing about an order of roles, so name every role that is allowed.
   *
   * @param roles The roles, at least one.
   * @returns The caller.
   * @throws {AccessTokenError} `role_mismatch`, or `role_claim_missing`: the claim is missing.
   * @throws {AccessTokenError} `missing_credentials`: there is no caller.
   * @throws {TypeError} No role is given, or one is not a string, or empty.
   */
  requireRole(...roles: string[]): AccessToken;
}

const NO_REQUEST =
  "No request of this PropelAuth is under way: requireScopes(), requireOrg() and " +
  "requireRole() work inside a tool that auth.handler() or requireAuth() serves";

/** A request that the MCP server has under way. */
export interface Running {
  readonly caller: AccessToken;
  /** `undefined` when the body was not read, or is empty. */
  readonly parsedBody: unknown;
  /** `undefined` without the option `audit`. */
  readonly audited: AuditedRequest | undefined;
}

/** The parts that requirements are built from. */
interface RequirementsOptions {
  /** Every request needs these: a client that asks for further scopes has to ask for them too. */
  readonly requiredScopes: readonly string[];
  /** Whether granted scopes are enough for a required one. */
  readonly holdsScope: HoldsScope;
  /** The request under way. */
  readonly getRunning: () => Running | undefined;
  /** Reports a caller who lacks something. */
  readonly emit: Emit;
}

/**
 * Creates the requirements.
 *
 * @param options The scopes of every request, and the caller of the one under way.
 * @returns The four functions, which need no `this`.
 */
export function createRequirements(options: RequirementsOptions): Requirements {
  const { requiredScopes, holdsScope, getRunning, emit } = options;
  const getCaller = () => getRunning()?.caller;

  const complete = (scopes: readonly string[]): [string, ...string[]] => {
    const [first, ...rest] = new Set([...requiredScopes, ...scopes]);
    if (first === undefined || scopes.length === 0 || !scopes.every(isScope)) {
      throw new TypeError(
        "requireScopes() and scopeChallenge() need at least one scope without spaces, quotes or " +
          `backslashes: received ${describeAll(scopes)}`,
      );
    }
    return [first, ...rest];
  };

  function report(caller: AccessToken, error: AccessTokenError, challenged: boolean): void {
    const { parsedBody, audited } = getRunning() ?? {};
    emit?.(buildCallRefused(caller, error, operationOf(parsedBody), challenged));
    audited?.noteRefusal(error);
  }

  function refuse(caller: AccessToken, error: AccessTokenError): never {
    report(caller, error, false);
    throw error;
  }

  function requireCaller(): AccessToken {
    const caller = getCaller();
    if (caller !== undefined) return caller;
    throw new AccessTokenError("missing_credentials", [], NO_REQUEST);
  }

  /** Refuses unless the caller's claim (`org_id` or `org_role`) is one of `allowed`. */
  function requireClaim(name: "org" | "role", allowed: readonly string[]): AccessToken {
    // A variable that is unset must not equal a claim that is absent.
    if (allowed.length === 0 || !allowed.every((one) => typeof one === "string" && one !== "")) {
      const need = name === "org" ? "requireOrg() needs a" : "requireRole() needs at least one";
      throw new TypeError(`${need} non-empty string: received ${describeAll(allowed)}`);
    }
    const caller = requireCaller();
    const claim = name === "org" ? caller.claims.org_id : caller.claims.org_role;
    if (claim === undefined) refuse(caller, new AccessTokenError(`${name}_claim_missing`));
    if (!allowed.includes(claim)) refuse(caller, new AccessTokenError(`${name}_mismatch`));
    return caller;
  }

  return {
    requireScopes(...scopes: string[]): AccessToken {
      const needed = complete(scopes);
      const caller = requireCaller();
      if (holdsAll(holdsScope, caller.scopes, needed)) return caller;
      return refuse(caller, scopeMissing(caller, needed));
    },
    scopeChallenge(...scopes: string[]): ScopeChallengeHandler {
      const needed = complete(scopes);
      return ({ authInfo }) => {
        const caller = getCaller();
        const held = authInfo?.scopes ?? caller?.scopes;
        if (held !== undefined && holdsAll(holdsScope, held, needed)) return undefined;
        const error = scopeMissing(caller ?? {}, needed);
        if (caller) report(caller, error, true);
        return { scopes: [...needed], errorDescription: refusalFor(error).description ?? "" };
      };
    },
    requireOrg: (orgId: string): AccessToken => requireClaim("org", [orgId]),
    requireRole: (...roles: string[]): AccessToken => requireClaim("role", roles),
  };
}

function describeAll(values: readonly unknown[]): string {
  return values.map(describe).join(", ") || "none";
}

/** The operation of a body with one call: of several, it is not known which one is refused. */
function operationOf(parsedBody: unknown): Pick<Operation, "method" | "name"> | undefined {
  const [call, another] = parsedBody === undefined ? [] : readCalls(parsedBody) ?? [];
  if (call === undefined || another !== undefined) return undefined;
  return { method: call.method, name: call.targets[0]?.name ?? call.method };
}
