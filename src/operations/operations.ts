/**
 * The option `operations`: the rules for single tools, resources, prompts and methods. Types alone;
 * `rules.ts` checks them.
 *
 * @module
 */

import type { AccessToken } from "../oauth/access_token.ts";

/**
 * Scopes that are needed: all of a list, or one of several alternatives, each a scope or a list.
 * An empty list needs no more than `requiredScopes`.
 */
export type ScopeRequirement =
  | readonly string[]
  | { readonly anyOf: readonly (string | readonly string[])[] };

/** The operation that a caller asks for. */
export interface Operation {
  /** The JSON-RPC method, such as `tools/call`; for a list that of the list, such as `tools/list`. */
  readonly method: string;
  /** The name of a tool or a prompt, the URI of a resource, else the method again. */
  readonly name: string;
  /**
   * The arguments of a tool or a prompt, as the client sent them: not checked against any schema.
   * The variables of a resource template. Empty in a list and where there are none.
   */
  readonly arguments: Readonly<Record<string, unknown>>;
}

/**
 * Computes the scopes that are needed from the arguments and the caller. An error that it throws
 * passes through, and the MCP server is not called; for an entry of a list, the entry is hidden.
 */
export type ScopesOf = (operation: Operation, caller: AccessToken) => ScopeRequirement;

/** The rule for an operation: scopes, a function that computes them, or an object with more. */
export type OperationRule = ScopeRequirement | ScopesOf | {
  /**
   * The scopes, beside `requiredScopes`.
   *
   * @default {[]}
   */
  readonly scopes?: ScopeRequirement | ScopesOf;
  /**
   * Ask PropelAuth about the token now, whatever the cache holds.
   *
   * @default {false}
   */
  readonly fresh?: boolean;
  /**
   * In whose lists it is. `"always"`: everybody's, so that a client without the scopes can ask for
   * them. `"permitted"`: those of callers who may use it. `"never"`: in none; callers who know its name
   * may use it.
   *
   * @default {operations.listed}
   */
  readonly listed?: "always" | "permitted" | "never";
};

/** The rules for the operations of an MCP server. Names are compared exactly. */
export interface OperationRules {
  /** By the name of the tool. */
  readonly tools?: Readonly<Record<string, OperationRule>>;
  /**
   * By the URI of the resource, or by a template: `{id}` takes one segment, `{+path}` anything. A URI
   * that several rules match needs the scopes of all of them.
   */
  readonly resources?: Readonly<Record<string, OperationRule>>;
  /** By the name of the prompt. */
  readonly prompts?: Readonly<Record<string, OperationRule>>;
  /** By the JSON-RPC method, beside the rules above: `tasks/list`, or `tools/call` for all tools. */
  readonly methods?: Readonly<Record<string, OperationRule>>;
  /**
   * The default of `listed` for all rules.
   *
   * @default {"permitted"}
   */
  readonly listed?: "always" | "permitted" | "never";
}
