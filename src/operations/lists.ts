/**
 * The lists that an MCP server answers with. Pure: no clock, no network.
 *
 * @module
 */

import { isObject } from "../lib/json.ts";
import type { Target } from "./calls.ts";

/** A list that an MCP server answers with. */
export interface List {
  readonly method: string;
  /** The member of the result. */
  readonly member: string;
  readonly kind: Target["kind"];
  /** The member of an entry that names it. */
  readonly key: string;
}

/** JSON-RPC 2.0 §5.1: the server has no such list, so it offers nothing of that kind. */
export const METHOD_NOT_FOUND = -32601;

/** All of them. */
export const LISTS: readonly List[] = [
  { method: "tools/list", member: "tools", kind: "tools", key: "name" },
  { method: "prompts/list", member: "prompts", kind: "prompts", key: "name" },
  { method: "resources/list", member: "resources", kind: "resources", key: "uri" },
  {
    method: "resources/templates/list",
    member: "resourceTemplates",
    kind: "resources",
    key: "uriTemplate",
  },
];

/** The name of an entry of a list; `undefined` when it has none. */
export function nameOf({ key }: List, entry: unknown): string | undefined {
  const name = isObject(entry) ? entry[key] : undefined;
  return typeof name === "string" ? name : undefined;
}
