/**
 * Makes text from outside fit for a report. Pure: no clock, no network.
 *
 * @module
 */

import { showForeign } from "../../events/events.ts";
import { describe } from "../../lib/check_option.ts";

/** Shorter ones occur in ordinary words, and are no secrets. */
const MIN_SECRET_LENGTH = 4;
const MAX_LISTED = 8;

/** Shows values from outside: bounded, printable, and without the secrets of this diagnosis. */
export interface Show {
  /** One value: plain when it is one printable word, else in quotes and escaped. */
  value(value: unknown): string;
  /** A list of values, separated by spaces; a long one is cut. */
  list(values: readonly unknown[]): string;
  /** Takes the secrets out of a whole text. */
  hide(text: string): string;
}

/**
 * Creates what shows values.
 *
 * @param secrets What must never be shown, in whatever spelling: tokens, the client secret.
 * @returns The functions.
 */
export function createShow(secrets: readonly string[]): Show {
  const hidden = secrets.filter((secret) => secret.length >= MIN_SECRET_LENGTH)
    .flatMap(spellings).sort((a, b) => b.length - a.length);
  const hide = (text: string): string =>
    hidden.reduce((rest, secret) => rest.replaceAll(secret, "***"), text);

  function showValue(value: unknown): string {
    // Hidden before it is cut, or half a secret would be left at the end.
    const text = typeof value === "string" ? hide(value) : hide(JSON.stringify(value) ?? "nothing");
    return /^[\x21-\x7e]{1,200}$/.test(text) ? text : showForeign(text);
  }

  return {
    value: showValue,
    list(values) {
      const shown = values.slice(0, MAX_LISTED).map(showValue).join(" ");
      const more = values.length - MAX_LISTED;
      return more > 0 ? `${shown} and ${more} more` : shown;
    },
    hide,
  };
}

/**
 * Describes a setting that breaks its rule. What is no URL may be a secret in the wrong place, so
 * it is not shown, nor is what a URL has before its host and behind its path.
 *
 * @param value The setting.
 * @returns The URL without userinfo, query and fragment, or the length of what is none.
 */
export function describeSetting(value: unknown): string {
  const text = value instanceof URL ? value.href : value;
  if (typeof text !== "string") return describe(text);
  if (!/^https?:\/\/[^\s]+$/i.test(text) || !URL.canParse(text)) {
    return `a text of ${text.length} characters`;
  }
  // Of two @ the last one ends the userinfo, so everything before any of them goes.
  return describe(text.replace(/([?#]).*/, "$1***").replace(/\/\/.*@/, "//***@"));
}

/**
 * Takes from a URL what may hold a secret of others.
 *
 * @param value What a header said.
 * @returns The same without what its query and its fragment hold.
 */
export function withoutQuery(value: string | null): string | undefined {
  return value?.replace(/([?#]).+/s, "$1***");
}

/** The secret itself, and how it looks in a URL, in JSON and in a Basic header. */
function spellings(secret: string): string[] {
  const bytes = Array.from(new TextEncoder().encode(secret), (byte) => String.fromCharCode(byte));
  return [
    secret,
    encodeURIComponent(secret),
    JSON.stringify(secret).slice(1, -1),
    btoa(bytes.join("")).replace(/=+$/, ""),
  ];
}
