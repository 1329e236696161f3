/**
 * A PropelAuth on loopback that can do all the wrong that a server or what stands before it can do:
 * each answer is written to the socket byte by byte, by the test.
 *
 * @module
 */

import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { ACTIVE } from "../support/harness.ts";

/** The server's behaviour once a question has arrived. */
export type Behaviour = (socket: Socket, token: string) => void;

export interface FaultyServer {
  readonly authUrl: string;
  /** The tokens that were asked about, in order. */
  readonly asked: string[];
  /** The behaviour from the next question on. */
  behave: Behaviour;
  /** Settles when the next question has arrived. */
  question(): Promise<void>;
  /** Stops listening, so that connections are refused. */
  stop(): Promise<void>;
  /** Listens again, on the same port. */
  start(): Promise<void>;
}

export async function startFaultyServer(): Promise<FaultyServer> {
  const sockets = new Set<Socket>();
  let onQuestion = (): void => {};
  let server = createServer();

  function onConnection(socket: Socket): void {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => {});
    let received = "";
    socket.on("data", function read(piece) {
      received += piece.toString("latin1");
      const token = readToken(received);
      if (token === undefined) return;
      socket.off("data", read);
      faulty.asked.push(token);
      faulty.behave(socket, token);
      onQuestion();
    });
  }

  async function listen(port: number): Promise<number> {
    server = createServer(onConnection);
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    return (server.address() as AddressInfo).port;
  }

  const port = await listen(0);
  const faulty: FaultyServer = {
    authUrl: `http://127.0.0.1:${port}`,
    asked: [],
    behave: answers(ACTIVE),
    question: () => new Promise((resolve) => onQuestion = resolve),
    async stop() {
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
    async start() {
      await listen(port);
    },
  };
  return faulty;
}

/** The token, once the whole request is there. */
function readToken(received: string): string | undefined {
  const [head = "", body] = received.split("\r\n\r\n");
  const length = Number(/^content-length: (\d+)$/im.exec(head)?.[1]);
  if (body === undefined || body.length < length) return undefined;
  return new URLSearchParams(body).get("token") ?? "";
}

/** Sends bytes as they are, then ends the connection. */
export function sends(...pieces: (string | Uint8Array)[]): Behaviour {
  return (socket) => {
    for (const piece of pieces) socket.write(piece);
    socket.end();
  };
}

/** Sends a whole response. */
export function responds(
  status: number | string,
  body: string | Uint8Array = "",
  fields: Record<string, string> = {},
): Behaviour {
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
  const all = { "Content-Length": `${bytes.length}`, "Connection": "close", ...fields };
  const head = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`).join("");
  return sends(`HTTP/1.1 ${status} Status\r\n${head}\r\n`, bytes);
}

/** Sends an introspection response. */
export function answers(body: unknown): Behaviour {
  return responds(200, JSON.stringify(body), { "Content-Type": "application/json" });
}
