/**
 * Finds the messages in an event stream while it arrives. Pure: no clock, no network.
 *
 * @module
 */

import type { AnswerReader } from "./answer_reader.ts";

const [LF, CR, COLON, SPACE] = [0x0a, 0x0d, 0x3a, 0x20];
const DATA = [..."data"].map((character) => character.charCodeAt(0));
const LINE_BREAK = new Uint8Array([LF]);

/** The place in a line: its name, the space that may follow the colon, data, or what is skipped. */
type Place = "name" | "space" | "data" | "rest";

/**
 * Creates a function that hands the data of each event to a reader, as one JSON text.
 *
 * @param reader Reads the messages.
 * @returns The function; it takes the pieces of the stream in order.
 *
 * @see {@link https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream | HTML, event streams}
 */
export function createEventStreamReader(reader: AnswerReader): (bytes: Uint8Array) => void {
  let place: Place = "name";
  /** How many bytes of the line's name were `data`. */
  let matched = 0;
  let hasData = false;
  let endsWithCr = false;

  function endLine(): void {
    if (place === "name" && matched === 0) {
      if (hasData) reader.end();
      hasData = false;
    } else if (place !== "rest" && matched === DATA.length) {
      // Lines of data are joined by a line break.
      hasData = true;
      reader.push(LINE_BREAK, 0, 1);
    }
    place = "name";
    matched = 0;
  }

  /** Reads the part of a line between two indices, without its end. */
  function readLine(bytes: Uint8Array, start: number, end: number): void {
    let at = start;
    while (place === "name" && at < end) {
      const byte = bytes[at];
      if (matched < DATA.length && byte === DATA[matched]) matched++;
      else place = matched === DATA.length && byte === COLON ? "space" : "rest";
      at++;
    }
    if (place === "space" && at < end) {
      if (bytes[at] === SPACE) at++;
      place = "data";
    }
    if (place === "data") reader.push(bytes, at, end);
  }

  return (bytes) => {
    let at = 0;
    // A CR ended its line already: an LF behind it belongs to it.
    if (endsWithCr && bytes[0] === LF) at++;
    if (bytes.length > 0) endsWithCr = bytes[bytes.length - 1] === CR;
    // Searched again only behind the one that was found: most streams have none at all.
    let nextCr = bytes.indexOf(CR, at);
    while (at < bytes.length) {
      if (nextCr >= 0 && nextCr < at) nextCr = bytes.indexOf(CR, at);
      const nextLf = bytes.indexOf(LF, at);
      const found = nextCr < 0 || (nextLf >= 0 && nextLf < nextCr) ? nextLf : nextCr;
      readLine(bytes, at, found < 0 ? bytes.length : found);
      if (found < 0) return;
      endLine();
      at = found + (found === nextCr && bytes[found + 1] === LF ? 2 : 1);
    }
  };
}
