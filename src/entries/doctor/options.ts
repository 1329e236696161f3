/**
 * The options of a diagnosis, and their rules. Pure: no clock, no network.
 *
 * @module
 */

import { mayBeToken } from "../../oauth/bearer.ts";
import { BrokenRule, refuseAs } from "../../lib/broken_rule.ts";
import { requireFunction, requireMembers, requireNumber } from "../../lib/check_option.ts";
import { requireIdentifierUrl } from "../../lib/check_url.ts";
import type { PropelAuthOptions } from "../../options/propel_auth_options.ts";
import type { Fetch } from "../../lib/world.ts";
import type { Check } from "./report.ts";
import { describeSetting } from "./show.ts";

/** Everything that {@linkcode diagnose} takes. */
export interface DiagnoseOptions {
  /**
   * The URL of the MCP endpoint that clients use: https, or http on loopback. When it is given, a
   * server has to answer there; the default is skipped while no program listens on this machine.
   *
   * @default {SERVER_URL + mcpPath}
   */
  serverUrl?: string | URL;
  /**
   * An access token to try. It is sent to PropelAuth and to the server, and never shown.
   */
  token?: string;
  /** Options that your code gives to `createPropelAuth`; they win over the environment. */
  overrides?: Partial<PropelAuthOptions>;
  /**
   * The environment variables.
   *
   * @default {process.env}
   */
  env?: Readonly<Record<string, string | undefined>>;
  /**
   * The origin of the web pages that call the server.
   *
   * @default {that of serverUrl}
   */
  origin?: string;
  /**
   * Seconds that each request may take, its answer included; at most 300.
   *
   * @default {10}
   */
  timeoutSeconds?: number;
  /**
   * Sends every request. Without it those to PropelAuth go by the `fetch` of `overrides`, if it has
   * one.
   *
   * @default {globalThis.fetch}
   */
  fetch?: Fetch;
  /** Called with the title of a check that takes time, before it is made. */
  onStart?: (title: string) => void;
  /** Called with each check as soon as it is made. */
  onCheck?: (check: Check) => void;
}

/** The options that have rules, checked. */
interface ResolvedDiagnoseOptions {
  readonly serverUrl: URL | undefined;
  readonly token: string | undefined;
  readonly origin: string | undefined;
  readonly timeoutSeconds: number;
}

const NAMES: readonly (keyof DiagnoseOptions)[] = [
  "serverUrl",
  "token",
  "overrides",
  "env",
  "origin",
  "timeoutSeconds",
  "fetch",
  "onStart",
  "onCheck",
];
const MAX_TIMEOUT_SECONDS = 300;

/**
 * Checks the options.
 *
 * @param options The options as the caller gave them.
 * @returns The ones that have rules, checked.
 * @throws {TypeError} One is unknown or breaks its rule.
 * @throws {RangeError} The deadline is out of its bounds.
 */
export function resolveDiagnoseOptions(options: DiagnoseOptions): ResolvedDiagnoseOptions {
  return refuseAs("Cannot diagnose", () => checkDiagnoseOptions(options));
}

function checkDiagnoseOptions(options: DiagnoseOptions): ResolvedDiagnoseOptions {
  requireMembers("options", options, NAMES);
  const { token, origin, timeoutSeconds = 10 } = options;
  if (token !== undefined && !mayBeToken(token)) {
    throw new BrokenRule(
      "token",
      "one access token without white space, at most 16 KiB",
      "another text",
    );
  }
  if (origin !== undefined && !/^[a-z][a-z0-9+.-]*:\/\/[^\s/\\?#@]+$/i.test(origin)) {
    throw new BrokenRule(
      "origin",
      "an origin such as https://app.example.com",
      describeSetting(origin),
    );
  }
  requireNumber(
    "timeoutSeconds",
    timeoutSeconds,
    `a number > 0 and <= ${MAX_TIMEOUT_SECONDS}`,
    (value) => value > 0 && value <= MAX_TIMEOUT_SECONDS,
  );
  for (const name of ["fetch", "onStart", "onCheck"] as const) requireFunction(name, options[name]);
  const serverUrl = options.serverUrl === undefined
    ? undefined
    : requireIdentifierUrl("serverUrl", options.serverUrl, {
      allowHttp: options.overrides?.dangerouslyAllowHttp,
      describer: describeSetting,
    });
  return { serverUrl, token, origin, timeoutSeconds };
}
