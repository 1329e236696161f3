/**
 * Asks an endpoint of PropelAuth about a credential, as a server does, but once and without a cache.
 *
 * @module
 */

import { sha256 } from "../../../lib/digest.ts";
import { IntrospectionError } from "../../../oauth/errors.ts";
import type { Introspect, IntrospectionFacts } from "../../../oauth/facts.ts";
import {
  createIntrospectionSource,
  type CredentialSource,
} from "../../../verification/credential_source.ts";
import { exchange, type Network } from "../ask.ts";
import { judgeUnansweredKey } from "../checks/api_key.ts";
import { judgeFault } from "../checks/fault.ts";
import { AUTH_URL_ADVICE } from "../checks/propelauth.ts";
import { judgeUnanswered } from "../checks/token.ts";
import type { Outcome } from "../report.ts";
import type { Tools } from "./requests.ts";

/** PropelAuth gave no usable answer. Its status 404 says that MCP is not enabled. */
class Unanswered extends IntrospectionError {
  readonly outcome: Outcome;

  constructor(outcome: Outcome, error?: IntrospectionError) {
    super(error?.reason ?? "network", error?.status === undefined ? {} : { status: error.status });
    this.outcome = outcome;
  }
}

/**
 * Creates a function that asks an endpoint about a credential, for {@linkcode factsOf}.
 *
 * @param network The clock, the network and the deadline.
 * @param source The endpoint.
 * @returns The function. The error that it throws holds the failed check.
 */
export function createAsk(network: Network, source: CredentialSource): Introspect {
  const judge = source.credential === "api_key" ? judgeUnansweredKey : judgeUnanswered;
  return async (credential, digest) => {
    const { now } = network.world;
    const askedAt = now();
    const request = source.buildRequest(credential);
    const got = await exchange(network, source.endpoint, request, async (response) => {
      try {
        return await source.processResponse(response, now(), digest);
      } catch (error) {
        if (error instanceof IntrospectionError) return new Unanswered(judge(error), error);
        throw error;
      }
    });
    if (got instanceof Unanswered) throw got;
    if ("timeoutSeconds" in got) throw new Unanswered(judgeFault(got, AUTH_URL_ADVICE));
    return { facts: got, askedAt, source: "introspection" };
  };
}

/**
 * Asks about a credential.
 *
 * @param ask Asks PropelAuth, by a function of {@linkcode createAsk}.
 * @param credential The credential.
 * @returns The facts, or a failed check when PropelAuth gave none.
 */
export async function factsOf(
  ask: Introspect,
  credential: string,
): Promise<IntrospectionFacts | Outcome> {
  try {
    return (await ask(credential, sha256(credential))).facts;
  } catch (error) {
    if (error instanceof Unanswered) return error.outcome;
    throw error;
  }
}

/** Asks the introspection endpoint about a token; gives the facts, or a failed check. */
export async function introspect(
  tools: Tools,
  token: string,
): Promise<IntrospectionFacts | Outcome> {
  const source = createIntrospectionSource(tools.settings.options);
  return await factsOf(createAsk(tools.toPropelAuth, source), token);
}
