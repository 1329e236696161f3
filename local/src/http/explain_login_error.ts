/**
 * Explains why a login or consent page cannot be shown. Pure: no clock, no network.
 *
 * @module
 */

/** The sentences of an error page. */
interface Explanation {
  readonly problem: string;
  readonly advice: string;
}

const RECONNECT = "Go back to the client and connect again.";

/** By the description that oidc-provider 9.13.3 gives the error. */
const EXPLANATIONS: Readonly<Record<string, Explanation>> = {
  "interaction session id cookie not found": {
    problem: "This browser has no cookie of this login.",
    advice:
      "Open the page in the browser in which the client opened it, with cookies allowed; or go " +
      "back to the client and connect again.",
  },
  "interaction session not found": {
    problem:
      "The local PropelAuth does not know this login any more: it was completed, it is older " +
      "than an hour, or the local PropelAuth was restarted.",
    advice: RECONNECT,
  },
  "session not found": {
    problem: "The session in which this login began has ended.",
    advice: RECONNECT,
  },
  "session principal changed": {
    problem: "Another user has signed in in this browser since this login began.",
    advice: RECONNECT,
  },
};

/**
 * Explains an error that oidc-provider throws when it looks for the browser's login.
 *
 * @param error The thrown value.
 * @returns The problem and the next step; `undefined` for any other error, which is a fault of this
 * package.
 */
export function explainLoginError(error: unknown): Explanation | undefined {
  if (!(error instanceof Error) || error.name !== "SessionNotFound") return undefined;
  const description = "error_description" in error ? String(error.error_description) : "";
  return EXPLANATIONS[description] ?? { problem: "This login has ended.", advice: RECONNECT };
}
