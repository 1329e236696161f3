/**
 * Asks PropelAuth about itself.
 *
 * @module
 */

import { ask, isReply } from "../ask.ts";
import { judgeFault } from "../checks/fault.ts";
import {
  AUTH_URL_ADVICE,
  judgeClock,
  judgeIssuer,
  judgeMetadata,
  judgePkce,
  judgeReachable,
  judgeRegistration,
  judgeScopes,
  type Metadata,
  readObject,
} from "../checks/propelauth.ts";
import { judgeRandomToken } from "../checks/token.ts";
import type { CheckId } from "../report.ts";
import { examineBackendKey } from "./api_key.ts";
import { introspect } from "./ask_source.ts";
import { randomToken } from "./random_token.ts";
import type { Tools } from "./requests.ts";

const METADATA_CHECKS: readonly CheckId[] = ["issuer", "pkce", "registration"];

/** The findings about PropelAuth that later checks need. */
export interface PropelAuthSeen {
  /** Its `scopes_supported`; absent when it has none, or could not be asked. */
  readonly scopes?: readonly unknown[];
  /** How far its clock is ahead of this machine's. */
  readonly clockAheadSeconds?: number;
  /** Whether it answers our introspection requests. */
  readonly introspects: boolean;
}

/** Makes the checks of PropelAuth; gives the findings that later checks need. */
export async function askPropelAuth(tools: Tools): Promise<PropelAuthSeen> {
  const { settings, recorder } = tools;
  const { authUrl } = settings;
  const credentials: CheckId[] = settings.apiKeys === undefined
    ? ["credentials"]
    : ["credentials", "backend_key"];
  const rest: CheckId[] = [...METADATA_CHECKS, ...credentials, "scopes", "clock"];
  if (authUrl === undefined) {
    recorder.skip(["reachable", "metadata", ...rest], "there is no usable Auth URL");
    return { introspects: false };
  }
  const url = settings.options.authorizationServerMetadataUrl;
  recorder.start("reachable");
  const headers = { "Accept": "application/json" };
  const reply = await ask(tools.toPropelAuth, url, { headers, wantBody: true });
  if (!isReply(reply)) {
    recorder.record("reachable", judgeFault(reply, AUTH_URL_ADVICE));
    recorder.skip(["metadata", ...rest], "PropelAuth does not answer");
    return { introspects: false };
  }
  recorder.record("reachable", judgeReachable(authUrl, reply.seconds));
  const [outcome, metadata] = judgeMetadata(reply);
  recorder.record("metadata", outcome);
  if (metadata === undefined) recorder.skip(METADATA_CHECKS, "there is no usable metadata");
  else {
    await examineIssuer(tools, metadata, authUrl);
    recorder.record("pkce", judgePkce(metadata));
    recorder.record("registration", judgeRegistration(metadata));
  }
  const introspects = await examineCredentials(tools);
  await examineBackendKey(tools);
  const { requiredScopes, scopesSupported, challengeScopes, operations } = settings.options;
  const named = [requiredScopes, scopesSupported, challengeScopes, [...operations?.scopes ?? []]];
  const wanted = [...new Set(named.flat())];
  if (metadata === undefined) recorder.skip(["scopes"], "there is no usable metadata");
  else recorder.record("scopes", judgeScopes(metadata, wanted));
  const { clockAheadSeconds } = reply;
  const remedy = "Set this machine's clock by NTP: with a wrong one a server refuses good tokens.";
  const whose = ["PropelAuth's", "this machine's"] as const;
  recorder.record("clock", judgeClock(clockAheadSeconds, whose, remedy));
  const scopes = metadata?.["scopes_supported"];
  return {
    introspects,
    ...(Array.isArray(scopes) && { scopes }),
    ...(clockAheadSeconds !== undefined && { clockAheadSeconds }),
  };
}

async function examineIssuer(tools: Tools, metadata: Metadata, authUrl: string): Promise<void> {
  const { settings, recorder } = tools;
  let servedBare = false;
  if (metadata["issuer"] === authUrl && settings.options.issuer !== authUrl) {
    recorder.start("issuer");
    const { origin, pathname } = new URL(authUrl);
    const path = pathname === "/" ? "" : pathname;
    const url = `${origin}/.well-known/oauth-authorization-server${path}`;
    const bare = await ask(tools.toPropelAuth, url, { wantBody: true });
    servedBare = isReply(bare) && bare.status === 200 &&
      readObject(bare.text)?.["issuer"] === authUrl;
  }
  const { issuer } = settings.options;
  recorder.record("issuer", judgeIssuer(metadata, issuer, authUrl, servedBare));
}

async function examineCredentials(tools: Tools): Promise<boolean> {
  const { settings, recorder } = tools;
  if (!settings.hasCredentials) {
    recorder.skip(["credentials"], "there are no usable credentials");
    return false;
  }
  recorder.start("credentials");
  const facts = await introspect(tools, randomToken());
  const outcome = "active" in facts ? judgeRandomToken(facts) : facts;
  recorder.record("credentials", outcome);
  return outcome.status === "ok";
}
