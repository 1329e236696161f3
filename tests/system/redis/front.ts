/**
 * Stands before the local PropelAuth: counts the questions, takes its time, and has outages.
 *
 * @module
 */

import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";

/** A front under way. */
export interface Front {
  readonly url: string;
  /** How many questions came, those during an outage included. */
  questions: number;
  /** Milliseconds that each answer takes at least. */
  delay: number;
  /** `unavailable`: answers 503. `broken`: closes the connection. */
  state: "well" | "unavailable" | "broken";
  close(): Promise<void>;
}

/**
 * Starts a front on a free port of loopback.
 *
 * @param target The local PropelAuth's URL.
 */
export async function startFront(target: string): Promise<Front> {
  const server = createServer(async (request, response) => {
    front.questions++;
    const body = await read(request);
    await new Promise((resolve) => setTimeout(resolve, front.delay));
    if (front.state === "broken") return void request.socket.destroy();
    if (front.state === "unavailable") return void response.writeHead(503).end();
    const answer = await fetch(`${target}${request.url}`, {
      method: "POST",
      headers: {
        "Authorization": request.headers.authorization ?? "",
        "Content-Type": request.headers["content-type"] ?? "",
      },
      body,
    });
    const text = await answer.text();
    response.writeHead(answer.status, { "Content-Type": "application/json" }).end(text);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("There is no port");
  const front: Front = {
    url: `http://127.0.0.1:${address.port}`,
    questions: 0,
    delay: 0,
    state: "well",
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
  return front;
}

async function read(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const part of request.setEncoding("utf8")) text += part;
  return text;
}
