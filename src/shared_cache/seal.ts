/**
 * Seals values that are kept outside of this process: a thief who can read them learns nothing, and
 * one who can write there can make none. Pure, but for the random nonce of each sealing.
 *
 * @module
 */

import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";
import { Buffer } from "node:buffer";

/** The longest sealed value, in characters. */
const MAX_SEALED_LENGTH = 256 * 1024;

// Three bytes of UTF-8 each at most, and four characters of base64 for three bytes.
const MAX_TEXT_LENGTH = MAX_SEALED_LENGTH / 4 - 28;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const KEY_BYTES = 32;
const BASE64URL = /^[A-Za-z0-9_-]+$/;

/** Seals values for one subject. Without the secret an entry can be neither named nor read nor made. */
export interface Seal {
  /** The name under which the value is kept: tells nothing about the subject. */
  readonly name: string;
  /** Encrypts and authenticates a text; `undefined` when it is too long to be kept. */
  seal(text: string): string | undefined;
  /** The text, or `undefined`: not sealed with this secret for this subject, or changed since. */
  open(value: unknown): string | undefined;
}

/**
 * Creates a maker of {@linkcode Seal}s, one for each subject: the digest of a token, say.
 *
 * Each subject has an AES-256-GCM key of its own, so that a value opens for no other one, and that
 * no number of values wears out the 96 random bits of a nonce (NIST SP 800-38D §8.3). Key and name
 * come out of one HKDF (RFC 5869): the name is a digest that takes the secret to compute, so a list
 * of stolen tokens cannot be compared with the names.
 *
 * @param secret The introspection secret.
 * @param context What the values are about; a value of another context does not open.
 * @returns The maker. The same secret and context make the same names and keys.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc5869.html#section-3.2 | RFC 5869 §3.2}
 */
export function createSealer(secret: string, context: string): (subject: string) => Seal {
  return (subject) => {
    const derived = Buffer.from(hkdfSync("sha256", secret, context, subject, 2 * KEY_BYTES));
    const key = derived.subarray(0, KEY_BYTES);
    return {
      name: derived.toString("base64url", KEY_BYTES),
      seal(text: string): string | undefined {
        if (text.length > MAX_TEXT_LENGTH) return undefined;
        const nonce = randomBytes(NONCE_BYTES);
        const cipher = createCipheriv("aes-256-gcm", key, nonce, { authTagLength: TAG_BYTES });
        const sealed = [nonce, cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()];
        return Buffer.concat(sealed).toString("base64url");
      },
      open(value: unknown): string | undefined {
        if (typeof value !== "string" || value.length > MAX_SEALED_LENGTH) return undefined;
        if (!BASE64URL.test(value)) return undefined;
        const bytes = Buffer.from(value, "base64url");
        if (bytes.length < NONCE_BYTES + TAG_BYTES) return undefined;
        const nonce = bytes.subarray(0, NONCE_BYTES);
        const decipher = createDecipheriv("aes-256-gcm", key, nonce, { authTagLength: TAG_BYTES });
        decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
        try {
          const text = decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES));
          return Buffer.concat([text, decipher.final()]).toString("utf8");
        } catch {
          return undefined;
        }
      },
    };
  };
}
