/**
 * Asks PropelAuth about API keys, as a server with the option `apiKeys` does.
 *
 * @module
 */

import type { Introspect, IntrospectionFacts } from "../../../oauth/facts.ts";
import {
  createIntrospectionSource,
  type FurtherSource,
} from "../../../verification/credential_source.ts";
import { judgeMalformedKey, judgeRandomKey } from "../checks/api_key.ts";
import type { Outcome } from "../report.ts";
import { createAsk, factsOf } from "./ask_source.ts";
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
  const askIntrospection = createAsk(tools.toPropelAuth, createIntrospectionSource(options));
  let askApiKeys = askIntrospection;
  const { ask } = source.connect({
    world: tools.toPropelAuth.world,
    authUrl: options.authUrl,
    timeoutSeconds: options.timeoutSeconds,
    askIntrospection,
    createAsk: (further) => askApiKeys = createAsk(tools.toPropelAuth, further),
  });
  return { ask, askApiKeys };
}
