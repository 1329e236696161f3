/**
 * A stand-in for PropelAuth on this machine: a real OAuth 2.1 authorization server with login and
 * consent pages, under PropelAuth's own URLs. For development and tests.
 *
 * As a program beside your own server:
 * `deno run --ignore-env --allow-net=127.0.0.1 jsr:@x/propelauth-local`; on Node through
 * {@linkcode runLocalPropelAuth}. As a function: {@linkcode startLocalPropelAuth}.
 *
 * @module
 */

import process from "node:process";
import { runLocalPropelAuth } from "./src/program/run_local_propelauth.ts";

export { runLocalPropelAuth };
export { startLocalPropelAuth } from "./src/start.ts";
export { authorizeAs } from "./src/authorize_as.ts";
export type {
  LimitApiKeysOptions,
  LocalApiKey,
  MintApiKeyOptions,
} from "./src/options/api_key_options.ts";
export type {
  LocalPropelAuthOptions,
  LocalScope,
  LocalUser,
  LocalUserWithId,
} from "./src/options/local_options.ts";
export type {
  LocalConsentChoice,
  LocalPropelAuth,
  MintTokenOptions,
} from "./src/options/local_propelauth.ts";

if (import.meta.main) process.exitCode = await runLocalPropelAuth(process.argv.slice(2));
