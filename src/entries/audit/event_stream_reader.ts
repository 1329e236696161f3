/**
 * Finds the messages in an event stream while it arrives. Pure: no clock, no network.
 *
 * @module
 */

const FIELD = "data:";
const decoder = new TextDecoder();

/**
 * Creates a function that reads an event stream.
 *
 * @param maxLength Events with more characters of data are skipped.
 * @param onData Receives the data of each event.
 * @returns The function; it takes the pieces of the stream in order.
 *
 * @see {@link https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream | HTML, event streams}
 */
export function createEventStreamReader(
  maxLength: number,
  onData: (data: string) => void,
): (bytes: Uint8Array) => void {
  /** For characters whose bytes are in two pieces; used from the first such piece on. */
  let splitDecoder: TextDecoder | undefined;
  /** The beginning of a line whose end has not come. */
  let line = "";
  /** The data of the event so far; `undefined`: none, `null`: too much. */
  let data: string | null | undefined;
  let endsWithCr = false;

  function endLine(text: string): void {
    if (text === "") {
      if (typeof data === "string") onData(data);
      data = undefined;
    } else if (data !== null && (text === "data" || text.startsWith(FIELD))) {
      const value = text.slice(FIELD.length + (text[FIELD.length] === " " ? 1 : 0));
      // Lines of data are joined by a line break.
      data = data === undefined ? value : `${data}\n${value}`;
      if (data.length > maxLength) data = null;
    }
  }

  function decode(bytes: Uint8Array): string {
    const isWhole = splitDecoder === undefined && (bytes[bytes.length - 1] ?? 0) < 0x80;
    if (isWhole) return decoder.decode(bytes);
    splitDecoder ??= new TextDecoder();
    return splitDecoder.decode(bytes, { stream: true });
  }

  return (bytes) => {
    const text = decode(bytes);
    if (text === "") return;
    // A CR ended its line already: an LF behind it belongs to it.
    let at = endsWithCr && text.startsWith("\n") ? 1 : 0;
    endsWithCr = text.endsWith("\r");
    const hasCr = endsWithCr || text.includes("\r");
    while (at < text.length) {
      const end = hasCr ? findEnd(text, at) : text.indexOf("\n", at);
      if (end < 0) {
        line += text.slice(at);
        if (line.length > maxLength + FIELD.length + 1) {
          // The line is too long whatever follows: it goes on as a comment, not as data.
          if (line.startsWith(FIELD)) data = null;
          line = ":";
        }
        return;
      }
      endLine(line + text.slice(at, end));
      line = "";
      at = end + (text.startsWith("\r\n", end) ? 2 : 1);
    }
  };
}

/** The index of the next line's end, or -1. */
function findEnd(text: string, from: number): number {
  for (let at = from; at < text.length; at++) {
    if (text[at] === "\n" || text[at] === "\r") return at;
  }
  return -1;
}
