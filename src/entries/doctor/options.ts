/**
 * The options of a diagnosis, and their rules. Pure: no clock, no network.
 *
 * @module
 */

import { isToken68 } from "../../oauth/bearer.ts";
import { isLoopback } from "../../lib/url.ts";
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
   * Sends every request.
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
 * @param options What the caller gave.
 * @returns The ones that have rules, checked.
 * @throws {TypeError} One is unknown or breaks its rule.
 * @throws {RangeError} The deadline is out of its bounds.
 */
export function resolveDiagnoseOptions(options: DiagnoseOptions): ResolvedDiagnoseOptions {
  const unknown = Object.keys(options).find((name) => !NAMES.some((known) => known === name));
  if (unknown !== undefined) {
    throw breach(unknown, `one of ${NAMES.join(", ")}`, "an unknown option");
  }
  const { token, origin, timeoutSeconds = 10 } = options;
  if (token !== undefined && !isToken68(token)) {
    throw breach("token", "one access token without white space, at most 16 KiB", "another text");
  }
  if (origin !== undefined && !/^[a-z][a-z0-9+.-]*:\/\/[^\s/\\?#@]+$/i.test(origin)) {
    throw breach("origin", "an origin such as https://app.example.com", describeSetting(origin));
  }
  if (!(timeoutSeconds > 0 && timeoutSeconds <= MAX_TIMEOUT_SECONDS)) {
    const rule = `a number > 0 and <= ${MAX_TIMEOUT_SECONDS}`;
    throw new RangeError(sentence("timeoutSeconds", rule, describeSetting(timeoutSeconds)));
  }
  return { serverUrl: resolveServerUrl(options.serverUrl), token, origin, timeoutSeconds };
}

function resolveServerUrl(value: string | URL | undefined): URL | undefined {
  if (value === undefined) return undefined;
  const text = String(value);
  if (URL.canParse(text) && !/[\s\\?#]/.test(text)) {
    const url = new URL(text);
    const secure = url.protocol === "https:" ||
      (url.protocol === "http:" && isLoopback(url.hostname));
    if (secure && url.username === "" && url.password === "") return url;
  }
  const rule = "the URL of an MCP endpoint: https, or http on loopback, without userinfo, query " +
    "and fragment";
  throw breach("serverUrl", rule, describeSetting(text));
}

function breach(name: string, rule: string, received: string): TypeError {
  return new TypeError(sentence(name, rule, received));
}

function sentence(name: string, rule: string, received: string): string {
  return `Cannot diagnose: ${name} must be ${rule}: received ${received}`;
}
