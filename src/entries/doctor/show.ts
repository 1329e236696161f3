/**
 * Sentences that hold values from outside, and how they are printed. Pure: no clock, no network.
 *
 * Checks build {@linkcode Words} and know no secrets. One function, which knows them, makes text of
 * Words, so no check can forget to hide a secret.
 *
 * @module
 */

import { showForeign } from "../../events/events.ts";
import { describe } from "../../lib/check_option.ts";

/** Values from outside, still to be cut and escaped and to have secrets taken out. */
interface Foreign {
  readonly values: readonly unknown[];
}

/** A sentence: our own text, with values from outside between. */
export type Words = string | readonly (string | Foreign)[];

/** A shorter secret is not hidden: it occurs in ordinary words. */
const MIN_SECRET_LENGTH = 4;
const MAX_LISTED = 8;
const MAX_TEXT_LENGTH = 1000;

/**
 * Marks a value from outside.
 *
 * @param value Any value: a header, a member of a document, an error's message.
 * @returns A part of a sentence: printed plain when it is one printable word, else as escaped JSON.
 */
export function foreign(value: unknown): Words {
  return [{ values: [value] }];
}

/**
 * Marks a list of values from outside.
 *
 * @param values The values.
 * @returns A part of a sentence: the values separated by spaces, at most eight of them; `none` for
 * an empty list.
 */
export function foreignList(values: readonly unknown[]): Words {
  return values.length === 0 ? "none" : [{ values }];
}

/** Builds a sentence, as a tag of a template. */
export function say(texts: TemplateStringsArray, ...parts: readonly (Words | number)[]): Words {
  return texts.flatMap((text, at) => {
    const part = parts[at] ?? "";
    return [text, ...(typeof part === "object" ? part : [String(part)])];
  });
}

/**
 * Creates the function that makes text of sentences.
 *
 * @param secrets The texts that are never printed, in whatever spelling: tokens, the client secret.
 * @returns The function; its text is printable ASCII without secrets, of at most 1000 characters.
 */
export function createPrintWords(secrets: readonly string[]): (words: Words) => string {
  const hidden = secrets.filter((secret) => secret.length >= MIN_SECRET_LENGTH)
    .flatMap(spellings).sort((a, b) => b.length - a.length);
  const hide = (text: string): string =>
    hidden.reduce((rest, secret) => rest.replaceAll(secret, "***"), text);

  function printValue(value: unknown): string {
    // Secrets are hidden before the text is cut, or half a secret would be left at its end.
    const text = hide(typeof value === "string" ? value : JSON.stringify(value) ?? "nothing");
    return /^[\x21-\x7e]{1,200}$/.test(text) ? text : showForeign(text);
  }

  function printList(values: readonly unknown[]): string {
    const shown = values.slice(0, MAX_LISTED).map(printValue).join(" ");
    const more = values.length - MAX_LISTED;
    return more > 0 ? `${shown} and ${more} more` : shown;
  }

  return (words) => {
    const parts = typeof words === "string" ? [words] : words;
    const text = parts.map((part) => typeof part === "string" ? part : printList(part.values));
    return hide(text.join("")).replace(/[^\x20-\x7e]/g, "?").slice(0, MAX_TEXT_LENGTH);
  };
}

/**
 * Describes a setting that breaks its rule. Text that is not a URL may be a secret in the wrong
 * place, so its length alone is shown; of a URL neither userinfo nor query nor fragment is shown.
 *
 * @param value The setting.
 * @returns A few words for a sentence.
 */
export function describeSetting(value: unknown): string {
  const text = value instanceof URL ? value.href : value;
  if (typeof text !== "string") return describe(text);
  if (!/^https?:\/\/[^\s]+$/i.test(text) || !URL.canParse(text)) {
    return `a text of ${text.length} characters`;
  }
  return describe(text);
}

/**
 * Writes `***` in place of the query and the fragment of a URL, which may hold secrets of others.
 */
export function withoutQuery(value: string | null): string | undefined {
  return value?.replace(/([?#]).+/s, "$1***");
}

/** A secret as it is, and as it looks in a URL, in JSON and in a Basic header. */
function spellings(secret: string): string[] {
  const bytes = Array.from(new TextEncoder().encode(secret), (byte) => String.fromCharCode(byte));
  return [
    secret,
    encodeURIComponent(secret),
    JSON.stringify(secret).slice(1, -1),
    btoa(bytes.join("")).replace(/=+$/, ""),
  ];
}
