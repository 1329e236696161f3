/**
 * What the single operations of an MCP server need, as a caller writes it. Types alone: the checks
 * stand in `operation_rules.ts`.
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

/** What a caller is about to do. */
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
 * Finds the scopes that are needed out of the arguments and the caller. What it throws passes
 * through, and the MCP server is not called; in a list it hides the entry.
 */
export type ScopesOf = (operation: Operation, caller: AccessToken) => ScopeRequirement;

/** What an operation needs: scopes, a function that finds them, or these and more. */
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
   * Whether lists leave it out. `true`: always. `false`: never, so that a client without the scopes
   * can step up. By default it is in the lists of those who may use it.
   *
   * @default {operations.unlisted}
   */
  readonly unlisted?: boolean;
};

/** What the operations of an MCP server need. Names are compared exactly. */
export interface OperationRules {
  /** By the name of the tool. */
  readonly tools?: Readonly<Record<string, OperationRule>>;
  /**
   * By the URI of the resource, or by a template: `{id}` takes one segment, `{+path}` anything. A URI
   * that several rules match needs what all of them say.
   */
  readonly resources?: Readonly<Record<string, OperationRule>>;
  /** By the name of the prompt. */
  readonly prompts?: Readonly<Record<string, OperationRule>>;
  /** By the JSON-RPC method, beside the rules above: `tasks/list`, or `tools/call` for all tools. */
  readonly methods?: Readonly<Record<string, OperationRule>>;
  /** What rules that do not say it themselves have for `unlisted`. */
  readonly unlisted?: boolean;
}
