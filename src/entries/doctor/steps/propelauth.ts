/**
 * Asks PropelAuth about itself.
 *
 * @module
 */

import { randomUUID } from "node:crypto";
import { withDeadline } from "../../../lib/world.ts";
import { IntrospectionError } from "../../../oauth/errors.ts";
import type { IntrospectionFacts } from "../../../oauth/facts.ts";
import {
  buildBasicCredentials,
  buildIntrospectionRequest,
  processIntrospectionResponse,
} from "../../../oauth/introspection.ts";
import { faultOf, isAnswer, judgeFault } from "../ask.ts";
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
import type { CheckId, Verdict } from "../report.ts";
import { judgeRandomToken, judgeRefusedQuestion } from "../checks/token.ts";
import type { Tools } from "../tools.ts";

const METADATA_CHECKS: readonly CheckId[] = ["issuer", "pkce", "registration"];

/** What later checks need to know of PropelAuth. */
export interface PropelAuthSeen {
  /** Its `scopes_supported`; absent when it has none, or could not be asked. */
  readonly scopes?: readonly unknown[];
  /** How far its clock is ahead of this machine's. */
  readonly clockAheadSeconds?: number;
  /** Whether it answers introspection requests. */
  readonly answersQuestions: boolean;
}

/**
 * Makes the checks of PropelAuth.
 *
 * @param tools The settings, the network and the report.
 * @returns What later checks need.
 */
export async function askPropelAuth(tools: Tools): Promise<PropelAuthSeen> {
  const { settings, ask, show, recorder, timeoutSeconds } = tools;
  const { authUrl } = settings;
  const rest: CheckId[] = [...METADATA_CHECKS, "credentials", "scopes", "clock"];
  if (authUrl === undefined) {
    recorder.skip(["reachable", "metadata", ...rest], "there is no usable Auth URL");
    return { answersQuestions: false };
  }
  const url = settings.options.authorizationServerMetadataUrl;
  recorder.start("reachable");
  const answer = await ask(url, { headers: { "Accept": "application/json" }, wantBody: true });
  if (!isAnswer(answer)) {
    recorder.record("reachable", judgeFault(answer, url, AUTH_URL_ADVICE, timeoutSeconds, show));
    recorder.skip(["metadata", ...rest], "PropelAuth does not answer");
    return { answersQuestions: false };
  }
  recorder.record("reachable", judgeReachable(authUrl, answer.seconds));
  const [verdict, metadata] = judgeMetadata(answer, show);
  recorder.record("metadata", verdict);
  if (metadata === undefined) recorder.skip(METADATA_CHECKS, "there is no usable metadata");
  else {
    await examineIssuer(tools, metadata, authUrl);
    recorder.record("pkce", judgePkce(metadata, show));
    recorder.record("registration", judgeRegistration(metadata));
  }
  const answersQuestions = await examineCredentials(tools);
  const { requiredScopes, scopesSupported, challengeScopes, operations } = settings.options;
  const named = [requiredScopes, scopesSupported, challengeScopes, [...operations?.scopes ?? []]];
  const wanted = [...new Set(named.flat())];
  if (metadata === undefined) recorder.skip(["scopes"], "there is no usable metadata");
  else recorder.record("scopes", judgeScopes(metadata, wanted, show));
  const { clockAheadSeconds } = answer;
  const remedy = "Set this machine's clock by NTP: with a wrong one a server refuses good tokens.";
  const whose = ["PropelAuth's", "this machine's"] as const;
  recorder.record("clock", judgeClock(clockAheadSeconds, whose, remedy));
  const scopes = metadata?.["scopes_supported"];
  return {
    answersQuestions,
    ...(Array.isArray(scopes) && { scopes }),
    ...(clockAheadSeconds !== undefined && { clockAheadSeconds }),
  };
}

async function examineIssuer(tools: Tools, metadata: Metadata, authUrl: string): Promise<void> {
  const { settings, ask, show, recorder } = tools;
  let servedBare = false;
  if (metadata["issuer"] === authUrl && settings.options.issuer !== authUrl) {
    recorder.start("issuer");
    const { origin, pathname } = new URL(authUrl);
    const path = pathname === "/" ? "" : pathname;
    const url = `${origin}/.well-known/oauth-authorization-server${path}`;
    const bare = await ask(url, { wantBody: true });
    servedBare = isAnswer(bare) && bare.status === 200 &&
      readObject(bare.text)?.["issuer"] === authUrl;
  }
  const { issuer } = settings.options;
  recorder.record("issuer", judgeIssuer(metadata, issuer, authUrl, servedBare, show));
}

async function examineCredentials(tools: Tools): Promise<boolean> {
  const { settings, recorder } = tools;
  if (!settings.known.credentials) {
    recorder.skip(["credentials"], "there are none");
    return false;
  }
  recorder.start("credentials");
  const facts = await introspect(tools, `doctor-${randomUUID()}`);
  const verdict = "active" in facts ? judgeRandomToken(facts) : facts;
  recorder.record("credentials", verdict);
  return verdict.status === "ok";
}

/**
 * Asks PropelAuth about a token, as the server would.
 *
 * @param tools The settings and the network.
 * @param token The token.
 * @returns The facts, or why there are none.
 */
export async function introspect(
  { settings, world, show, timeoutSeconds }: Tools,
  token: string,
): Promise<IntrospectionFacts | Verdict> {
  const { introspectionEndpoint } = settings.options;
  const request = buildIntrospectionRequest(buildBasicCredentials(settings.options), token);
  try {
    return await withDeadline(world, timeoutSeconds, async (signal) => {
      const response = await world.fetch(introspectionEndpoint, { ...request, signal });
      return await processIntrospectionResponse(response, world.now());
    });
  } catch (error) {
    if (error instanceof IntrospectionError) return judgeRefusedQuestion(error);
    const fault = faultOf(error);
    return judgeFault(fault, introspectionEndpoint, AUTH_URL_ADVICE, timeoutSeconds, show);
  }
}
