import assert from "node:assert/strict";
import { test } from "node:test";
import { createEventStreamReader } from "../../../src/entries/audit/event_stream_reader.ts";

/** The data of the events of a stream. */
function read(stream: string, pieceLength: number, maxLength = 1000): string[] {
  const events: string[] = [];
  const take = createEventStreamReader(maxLength, (data) => events.push(data));
  const bytes = new TextEncoder().encode(stream);
  for (let at = 0; at < bytes.length; at += pieceLength) {
    take(bytes.subarray(at, at + pieceLength));
    take(new Uint8Array());
  }
  return events;
}

const READ: [what: string, stream: string, events: string[]][] = [
  ["an event", 'data: {"a":1}\n\n', ['{"a":1}']],
  ["an event without a space", "data:a\n\n", ["a"]],
  ["two spaces, of which one belongs to the field", "data:  a\n\n", [" a"]],
  ["other fields", "event: message\nid: 7\ndata: a\nretry: 1\n: data: b\n\n", ["a"]],
  ["several lines of data", "data: a\ndata\ndata: b\n\n", ["a\n\nb"]],
  ["fields that only begin as data", "dat: a\ndata2: b\nda\ndatabase\nxdata: c\n\n", []],
  ["carriage returns", "data: a\r\rdata: b\r\r", ["a", "b"]],
  ["carriage returns with line feeds", "data: a\r\ndata: b\r\n\r\ndata: c\r\n\r\n", ["a\nb", "c"]],
  ["mixed ends", "data: a\r\n\ndata: b\n\r\ndata: c\r\r\n", ["a", "b", "c"]],
  ["no event without an end", "data: a\n", []],
  ["empty lines", "\n\n\r\n\rdata: a\n\n\n", ["a"]],
  ["characters of several bytes", "data: \u00e9\ndata: \u{1f600}\n\ndata: \u20ac\n\n", [
    "\u00e9\n\u{1f600}",
    "\u20ac",
  ]],
];

for (const [what, stream, events] of READ) {
  for (const pieceLength of [1, 2, 3, 1000]) {
    test(`createEventStreamReader() reads ${what}, in pieces of ${pieceLength}`, () => {
      assert.deepEqual(read(stream, pieceLength), events);
    });
  }
}

for (const pieceLength of [1, 7, 1000]) {
  test(`createEventStreamReader() skips what is too long, in pieces of ${pieceLength}`, () => {
    const long = "x".repeat(50);
    const tooLong = [
      `data: ${long}\n\n`,
      `data: ${long}\ndata: a\n\n`,
      `data: a\ndata: ${long}\n\n`,
      "data: abcd\ndata: efgh\ndata: ijkl\n\n",
    ];
    const stream = tooLong.map((event) => `${event}id: ${long}\n: ${long}\ndata: kept\n\n`).join(
      "",
    );
    assert.deepEqual(read(stream, pieceLength, 10), ["kept", "kept", "kept", "kept"]);
  });
}
