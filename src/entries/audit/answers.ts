/**
 * Reads of JSON-RPC messages only what an audit needs: the id, and whether there is a result or an
 * error. Pure: no clock, no network.
 *
 * @module
 */

import { isObject, parseJson } from "../../lib/json.ts";

/** The answer to a call (JSON-RPC 2.0 §5). */
export interface Answer {
  /** `undefined` when it is missing, or of another type. */
  readonly id: string | number | null | undefined;
  /** `tool_error`: a result whose member `isError` is `true`. */
  readonly outcome: "ok" | "tool_error" | "error";
  /** The member `code` of an error, when it is a number. */
  readonly errorCode: number | undefined;
}

/** The characters of the longest text that is read: 16 Mi. A longer one counts as no answer. */
export const MAX_ANSWER_LENGTH = 16 * 1024 * 1024;
/** How many characters at the end of a message are searched for its id. */
const TAIL_LENGTH = 300;

const ID = String.raw`(-?\d{1,15}|"[^"\\]{1,200}")`;
const VERSION = String.raw`"jsonrpc":"2\.0"`;
/** The first members of a message, up to its result or method. */
const HEAD = new RegExp(`^{(?:${VERSION},)?(?:"id":${ID},)?(?:${VERSION},)?"(method|result)":`);
/**
 * The last members of a message. After a comma and a quote stands a name, never the end of a string, so
 * these members belong to the object that the last bracket closes, which is the message.
 */
const TAIL = new RegExp(`,(?:${VERSION},)?"id":${ID}(?:,${VERSION})?}\\s*$`);

/** Text that is found by one of its characters, since the engine finds one much faster than a word. */
interface Mark {
  readonly text: string;
  readonly character: string;
  /** Tells for text from the mark on whether it matters. */
  readonly pattern: RegExp;
}
/** The texts in which a result may have `isError: true`: the name as it is, or with JSON's escapes. */
const TOOL_ERROR_MARKS: readonly Mark[] = [
  { text: '"isError"', character: "E", pattern: /"isError"\s*:\s*true/ },
  // The escapes of E, i, o, r and s. Serializers do not write any.
  { text: "\\u00", character: "0", pattern: /\\u00(?:45|69|6f|7[23])/i },
];
/** How often the character is looked for alone. A text such as base64 has it often. */
const MAX_CHARACTERS = 1000;

/**
 * Reads the answers in a JSON text, those of a batch one by one. Requests and notifications of the
 * server are not answers.
 *
 * Most results are recognized by their first and last members, without parsing the text. So a text that
 * is not JSON gives no answer, or a wrong one: the client cannot read it either.
 *
 * @param text The text.
 * @param onAnswer Receives each answer.
 */
export function readAnswers(text: string, onAnswer: (answer: Answer) => void): void {
  if (text.length > MAX_ANSWER_LENGTH) return;
  const [head, headId, member] = HEAD.exec(text) ?? [];
  if (member === "method") return;
  const id = head && (headId ?? TAIL.exec(text.slice(-TAIL_LENGTH))?.[1]);
  if (id !== undefined && !mayBeToolError(text)) {
    const value = id.startsWith('"') ? id.slice(1, -1) : Number(id);
    return onAnswer({ id: value, outcome: "ok", errorCode: undefined });
  }
  const body = parseJson(text);
  for (const message of Array.isArray(body) ? body : [body]) {
    const answer = readAnswer(message);
    if (answer !== undefined) onAnswer(answer);
  }
}

/** Whether `isError` may be `true` in a text. */
function mayBeToolError(text: string): boolean {
  for (const mark of TOOL_ERROR_MARKS) if (matchesMark(text, mark)) return true;
  return false;
}

function matchesMark(text: string, mark: Mark): boolean {
  const before = mark.text.indexOf(mark.character);
  let at = text.indexOf(mark.character);
  for (let count = 0; at >= 0; count++) {
    const start = Math.max(0, at - before);
    if (count === MAX_CHARACTERS || text.startsWith(mark.text, start)) {
      return mark.pattern.test(text.slice(start));
    }
    at = text.indexOf(mark.character, at + 1);
  }
  return false;
}

function readAnswer(message: unknown): Answer | undefined {
  if (!isObject(message) || "method" in message) return undefined;
  const { result, error } = message;
  const id = isId(message["id"]) ? message["id"] : undefined;
  if (error !== undefined) {
    const code = isObject(error) ? error["code"] : undefined;
    return { id, outcome: "error", errorCode: typeof code === "number" ? code : undefined };
  }
  if (result === undefined) return undefined;
  const isToolError = isObject(result) && result["isError"] === true;
  return { id, outcome: isToolError ? "tool_error" : "ok", errorCode: undefined };
}

function isId(value: unknown): value is Answer["id"] {
  return typeof value === "string" || typeof value === "number" || value === null;
}
