/**
 * Reads a token from standard input, which other users of the machine cannot see.
 *
 * @module
 */

import { MAX_CREDENTIALS_LENGTH } from "../../../oauth/bearer.ts";

/** Standard input, as Node and Deno give it. */
export interface Input extends AsyncIterable<unknown> {
  readonly isTTY?: boolean;
  setRawMode?(on: boolean): unknown;
  pause?(): unknown;
}

/** The keys that end the input: Enter and Ctrl-D. */
const ENDS = ["\r", "\n", "\x04"];
const INTERRUPT = "\x03";
const BACKSPACE = /[^\x7f\b][\x7f\b]/;

/**
 * Reads one token. On a terminal it asks for the token and shows none of the characters typed.
 *
 * @param stdin Standard input.
 * @param prompt Writes to the terminal, not to the report.
 * @returns The token without white space around it, and without `Bearer` before it.
 * @throws {TypeError} No token came, or the user pressed Ctrl-C.
 */
export async function readToken(stdin: Input, prompt: (text: string) => void): Promise<string> {
  const asks = stdin.isTTY === true;
  if (asks) {
    prompt("Access token or API key, then Enter (nothing is shown): ");
    stdin.setRawMode?.(true);
  }
  let text = "";
  try {
    for await (const chunk of stdin) {
      text += chunk instanceof Uint8Array ? new TextDecoder().decode(chunk) : String(chunk);
      if (asks && text.includes(INTERRUPT)) {
        throw new TypeError("No token was given on standard input");
      }
      if (asks && ENDS.some((end) => text.includes(end))) break;
      // Already too long for a token: read no further.
      if (text.length > MAX_CREDENTIALS_LENGTH * 2) break;
    }
  } finally {
    if (asks) {
      stdin.setRawMode?.(false);
      prompt("\n");
    }
    stdin.pause?.();
  }
  if (asks) text = rubOut(ENDS.reduce((rest, end) => rest.split(end)[0] ?? "", text));
  const token = text.trim().replace(/^Bearer +/i, "");
  if (token === "") throw new TypeError("No token was given on standard input");
  return token;
}

/** Applies the corrections: in raw mode Backspace comes as a character. */
function rubOut(typed: string): string {
  let text = typed;
  while (BACKSPACE.test(text)) text = text.replace(BACKSPACE, "");
  return text.replace(/[\x7f\b]/g, "");
}
