/**
 * Reads of JSON-RPC messages only what an audit needs, while they arrive and without keeping them:
 * the id, and whether there is a result or an error. Pure: no clock, no network.
 *
 * @module
 */

/** The answer to a call (JSON-RPC 2.0 §5). */
export interface Answer {
  /** `undefined` when it is missing, or longer than {@linkcode MAX_ID_BYTES}. */
  readonly id: string | number | null | undefined;
  /** `tool_error`: a result whose member `isError` is `true`. */
  readonly outcome: "ok" | "tool_error" | "error";
  /** The member `code` of an error, when it is a number. */
  readonly errorCode: number | undefined;
}

/** Takes the bytes of one JSON text after the other. */
export interface AnswerReader {
  /** Takes the next bytes of the text. */
  push(bytes: Uint8Array, start: number, end: number): void;
  /** The text has ended; the next bytes begin another one. */
  end(): void;
}

/** The longest id that is read, in bytes of JSON. */
export const MAX_ID_BYTES = 1024;

const [QUOTE, BACKSLASH, COMMA] = [0x22, 0x5c, 0x2c];
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];
const COLON = 0x3a;
const SPACE = 0x20;
/** From how many bytes on the engine's search for a quote is worth its call. */
const LONG_PIECE = 32;

/**
 * Creates a reader.
 *
 * A text that is not JSON gives no answer, or a wrong one: the client cannot read it either.
 *
 * @param onAnswer Receives each answer, those of a batch one by one. Requests and notifications of
 * the server are skipped.
 * @returns The reader. It keeps no more of a text than an id and the name of a member.
 */
export function createAnswerReader(onAnswer: (answer: Answer) => void): AnswerReader {
  /** How many lists and objects are open; messages are at depth 1, those of a batch at depth 2. */
  let depth = 0;
  let messageDepth = 0;
  let isMessage = false;
  /** The member of the message that is being read, and the one inside its result or error. */
  let member = "";
  let inner = "";
  let innerIsObject = false;
  let isKey = false;

  let inString = false;
  let isEscaped = false;
  /** Bytes of the string or scalar that is kept; `undefined` when it is skipped. */
  let kept: number[] | undefined;
  let inScalar = false;

  let id: Answer["id"];
  let hasResult = false;
  let hasError = false;
  let hasMethod = false;
  let isToolError = false;
  let errorCode: number | undefined;

  function beginMessage(): void {
    isMessage = true;
    isKey = true;
    member = inner = "";
    id = errorCode = undefined;
    hasResult =
      hasError =
      hasMethod =
      isToolError =
        false;
  }

  function endMessage(): void {
    isMessage = false;
    if (hasMethod || !(hasResult || hasError)) return;
    const outcome = hasError ? "error" : isToolError ? "tool_error" : "ok";
    onAnswer({ id, outcome, errorCode: hasError ? errorCode : undefined });
  }

  /** Whether a member of the message, or of its result or error, is read at this depth. */
  function isRead(): boolean {
    if (!isMessage) return false;
    if (depth === messageDepth) return true;
    return depth === messageDepth + 1 && innerIsObject &&
      (member === "result" || member === "error");
  }

  function isKept(): boolean {
    if (!isRead()) return false;
    if (isKey) return true;
    if (depth === messageDepth) return member === "id";
    return member === "error" ? inner === "code" : inner === "isError";
  }

  function open(isObject: boolean): void {
    depth++;
    if (depth === 1) messageDepth = isObject ? 1 : 2;
    if (depth === messageDepth && isObject) beginMessage();
    else if (depth === messageDepth + 1) {
      innerIsObject = isObject;
      isKey = isObject;
      inner = "";
    }
  }

  function close(): void {
    if (depth === messageDepth && isMessage) endMessage();
    // A text that closes more than it opened is not JSON.
    depth = Math.max(0, depth - 1);
    if (depth === messageDepth) isKey = false;
  }

  function take(isString: boolean): void {
    const text = kept && readKept(kept, isString);
    kept = undefined;
    if (!isRead()) return;
    if (isKey) {
      isKey = false;
      if (depth > messageDepth) inner = String(text);
      else {
        member = String(text);
        hasResult ||= member === "result";
        hasError ||= member === "error";
        hasMethod ||= member === "method";
      }
    } else if (depth === messageDepth) {
      if (member === "id") id = isId(text) ? text : undefined;
    } else if (member === "error" && inner === "code") {
      errorCode = typeof text === "number" ? text : undefined;
    } else if (member === "result" && inner === "isError") isToolError = text === true;
  }

  function keep(bytes: Uint8Array, start: number, end: number): void {
    if (kept === undefined || kept.length > MAX_ID_BYTES) return;
    // One byte more than the limit, so that a longer one is known as such.
    const last = Math.min(end, start + MAX_ID_BYTES + 1);
    for (let at = start; at < last; at++) kept.push(bytes[at] ?? SPACE);
  }

  /** Reads a string up to its quote; returns the index behind it, or `end`. */
  function readString(bytes: Uint8Array, start: number, end: number): number {
    let plain = 0;
    for (let at = start; at < end; at++) {
      const byte = bytes[at];
      if (isEscaped) isEscaped = false;
      else if (byte === BACKSLASH) {
        isEscaped = true;
        plain = 0;
      } else if (byte === QUOTE) {
        inString = false;
        keep(bytes, start, at);
        take(true);
        return at + 1;
      } else if (++plain > LONG_PIECE) {
        // The bytes before the next quote that are not an odd number of backslashes.
        const quote = bytes.subarray(at, end).indexOf(QUOTE);
        const next = quote < 0 ? end : at + quote;
        let slash = next;
        while (slash > at && bytes[slash - 1] === BACKSLASH) slash--;
        at = slash - 1;
        plain = 0;
      }
    }
    keep(bytes, start, end);
    return end;
  }

  function readByte(byte: number): void {
    if (
      inScalar && (byte <= SPACE || byte === COMMA || byte === CLOSE_OBJECT || byte === CLOSE_LIST)
    ) {
      inScalar = false;
      take(false);
    }
    if (byte === QUOTE) {
      inString = true;
      kept = isKept() ? [] : undefined;
    } else if (byte === OPEN_OBJECT || byte === OPEN_LIST) open(byte === OPEN_OBJECT);
    else if (byte === CLOSE_OBJECT || byte === CLOSE_LIST) close();
    else if (byte === COMMA) {
      isKey = isMessage &&
        (depth === messageDepth || (depth === messageDepth + 1 && innerIsObject));
    } else if (byte > SPACE && byte !== COLON) {
      if (!inScalar) {
        inScalar = true;
        kept = isKept() ? [] : undefined;
      }
      if (kept !== undefined && kept.length <= MAX_ID_BYTES) kept.push(byte);
    }
  }

  return {
    push(bytes, start, end) {
      let at = start;
      while (at < end) {
        if (inString) at = readString(bytes, at, end);
        else readByte(bytes[at++] ?? SPACE);
      }
    },
    end() {
      depth = messageDepth = 0;
      isMessage =
        inString =
        isEscaped =
        inScalar =
        isKey =
          false;
      kept = undefined;
    },
  };
}

const decoder = new TextDecoder();

/** The value of a kept string or scalar; `undefined` when it is too long, or not JSON. */
function readKept(kept: readonly number[], isString: boolean): unknown {
  if (kept.length > MAX_ID_BYTES) return undefined;
  const text = decoder.decode(new Uint8Array(kept));
  if (isString && !text.includes("\\")) return text;
  try {
    return JSON.parse(isString ? `"${text}"` : text);
  } catch {
    return undefined;
  }
}

function isId(value: unknown): value is string | number | null {
  return typeof value === "string" || typeof value === "number" || value === null;
}
