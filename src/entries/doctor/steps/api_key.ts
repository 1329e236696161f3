/**
 * Asks PropelAuth about API keys, as a server with the option `apiKeys` does.
 *
 * @module
 */

import { sha256 } from "../../../lib/digest.ts";
import { IntrospectionError } from "../../../oauth/errors.ts";
import type { Introspect, IntrospectionFacts } from "../../../oauth/facts.ts";
import {
  createIntrospectionSource,
  type CredentialSource,
  type FurtherSource,
} from "../../../verification/credential_source.ts";
import { exchange } from "../ask.ts";
import { judgeMalformedKey, judgeRandomKey, judgeUnansweredKey } from "../checks/api_key.ts";
import { judgeFault } from "../checks/fault.ts";
import { AUTH_URL_ADVICE } from "../checks/propelauth.ts";
import { judgeUnanswered } from "../checks/token.ts";
import type { Outcome } from "../report.ts";
import { randomToken } from "./random_token.ts";
import type { Tools } from "./requests.ts";

/** Checks the backend API key, if there is one: PropelAuth has to refuse a random API key. */
export async function examineBackendKey(tools: Tools): Promise<void> {
  const { settings, recorder } = tools;
  const { apiKeys } = settings;
  if (apiKeys === undefined) return;
  if ("brokenRule" in apiKeys) {
    return recorder.record("backend_key", judgeMalformedKey(apiKeys.brokenRule, apiKeys.length));
  }
  recorder.start("backend_key");
  const { askApiKeys } = connect(tools, apiKeys.source);
  const facts = await factsOf(askApiKeys, randomToken());
  recorder.record("backend_key", "active" in facts ? judgeRandomKey(facts) : facts);
}

/**
 * Asks PropelAuth about a credential that may be an access token or an API key.
 *
 * @param tools The settings and the network.
 * @param source The source of API keys.
 * @param credential The credential.
 * @returns The facts, or a failed check when PropelAuth gave none.
 */
export async function askCredential(
  tools: Tools,
  source: FurtherSource,
  credential: string,
): Promise<IntrospectionFacts | Outcome> {
  return await factsOf(connect(tools, source).ask, credential);
}

/** The questions about any credential as a server asks them, and the one about an API key alone. */
function connect(
  tools: Tools,
  source: FurtherSource,
): { readonly ask: Introspect; readonly askApiKeys: Introspect } {
  const { options } = tools.settings;
  const askIntrospection = createAsk(tools, createIntrospectionSource(options));
  let askApiKeys = askIntrospection;
  const { ask } = source.connect({
    world: tools.world,
    authUrl: options.authUrl,
    timeoutSeconds: options.timeoutSeconds,
    askIntrospection,
    createAsk: (further) => askApiKeys = createAsk(tools, further),
  });
  return { ask, askApiKeys };
}

async function factsOf(ask: Introspect, credential: string): Promise<IntrospectionFacts | Outcome> {
  try {
    return (await ask(credential, sha256(credential))).facts;
  } catch (error) {
    if (error instanceof Unanswered) return error.outcome;
    throw error;
  }
}

/** PropelAuth gave no usable answer. Its status 404 says that MCP is not enabled. */
class Unanswered extends IntrospectionError {
  readonly outcome: Outcome;

  constructor(outcome: Outcome, error?: IntrospectionError) {
    super(error?.reason ?? "network", error?.status === undefined ? {} : { status: error.status });
    this.outcome = outcome;
  }
}

function createAsk(tools: Tools, source: CredentialSource): Introspect {
  const judge = source.credential === "api_key" ? judgeUnansweredKey : judgeUnanswered;
  return async (credential, digest) => {
    const { now } = tools.world;
    const askedAt = now();
    const request = source.buildRequest(credential);
    const got = await exchange(tools, source.endpoint, request, async (response) => {
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
