// Receives the answer to a login: a web server on loopback, and the last page in the browser.
import { Problem } from "./problem.ts";

/** The web server. Disposing waits until the last page is sent. */
export interface Callback extends AsyncDisposable {
  /** The URL to which PropelAuth sends the browser after the login. */
  readonly redirectUrl: string;
  /**
   * Waits for the answer to one login, and rejects others.
   *
   * @param state The `state` with which the login was started; only an answer with it is accepted.
   * @param finish Completes the login; its error is shown in the browser, and thrown here.
   * @param signal Ends the wait.
   */
  receive(
    state: string,
    finish: (parameters: URLSearchParams) => Promise<void>,
    signal: AbortSignal,
  ): Promise<void>;
}

type Answer = (parameters: URLSearchParams) => Promise<Response>;

/** Starts to listen on 127.0.0.1. Port 0 takes a free one. */
export function listenForCallback(port: number): Callback {
  let answer: Answer | undefined;
  const server = listen(port, async (request) => {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname !== "/callback") return page(404, "Nothing here", "Only logins end here.");
    return await answer?.(searchParams) ??
      page(400, "No login to finish", "It ended already. You can close this tab.");
  });
  return {
    redirectUrl: `http://127.0.0.1:${server.addr.port}/callback`,
    receive: (state, finish, signal) =>
      new Promise((resolve, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason), { once: true });
        answer = async (parameters) => {
          // A request with another state does not belong to our login, and must not end it.
          if (parameters.get("state") !== state) {
            return page(400, "Another login", "This is not the login that the client waits for.");
          }
          answer = undefined;
          try {
            await finish(parameters);
            resolve();
            return page(200, "You are logged in", "You can close this tab.");
          } catch (error) {
            reject(error);
            const text = error instanceof Error ? error.message : String(error);
            return page(400, "The login failed", text);
          }
        };
      }),
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

function listen(port: number, handler: Deno.ServeHandler) {
  try {
    return Deno.serve({ hostname: "127.0.0.1", port, onListen() {} }, handler);
  } catch (error) {
    if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    throw new Problem(`Port ${port} is in use. Choose another --callback-port`);
  }
}

const STYLE = `
  :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
  body { display: grid; place-content: center; min-height: 90vh; margin: 0; padding: 1rem }
  main { max-width: 28rem; padding: 1.5rem 2rem 2rem; border: 1px solid #8884; border-radius: 12px }
  .sign { font-size: 2rem } .done { color: #2a8a4a } .failed { color: #c0392b }
  h1 { margin: 0 0 .5rem; font-size: 1.4rem } p { margin: 0; overflow-wrap: anywhere }`;

const DONE = '<div class="sign done" aria-hidden="true">✓</div>';
const FAILED = '<div class="sign failed" aria-hidden="true">✗</div>';

function page(status: number, title: string, text: string): Response {
  const html = `<!doctype html><html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>${escape(title)}</title>
<style>${STYLE}</style><main>${status === 200 ? DONE : FAILED}<h1>${escape(title)}</h1>
<p>${escape(text)}</p></main></html>`;
  return new Response(html, {
    status,
    headers: {
      "Content-Type": "text/html; charset=utf-8",
      "Content-Security-Policy":
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
      "Cache-Control": "no-store",
      "Connection": "close",
    },
  });
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
