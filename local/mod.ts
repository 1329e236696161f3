/**
 * A stand-in for PropelAuth on this machine: a real OAuth 2.1 authorization server with login and
 * consent pages, under PropelAuth's own URLs. For development and tests.
 *
 * @module
 */

export { startLocalPropelAuth } from "./src/start.ts";
export { authorizeAs } from "./src/authorize_as.ts";
export type {
  LimitApiKeysOptions,
  LocalApiKey,
  MintApiKeyOptions,
} from "./src/options/api_key_options.ts";
export type {
  LocalConsentChoice,
  LocalPropelAuth,
  LocalPropelAuthOptions,
  LocalScope,
  LocalUser,
  LocalUserWithId,
  MintTokenOptions,
} from "./src/options/local_options.ts";
