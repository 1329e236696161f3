/**
 * A request of the runtime's own class that has the parts of another.
 *
 * @module
 */

/** The parts of a request. */
interface Parts {
  readonly url: string;
  readonly method: string;
  readonly headers: [name: string, value: string][];
  readonly body: string | ReadableStream<Uint8Array<ArrayBuffer>> | null;
  /** Gives the signal of the request that is forwarded. */
  readonly getSignal: () => AbortSignal;
}

/**
 * A request whose signal is that of another, and whose body may be a text.
 *
 * The signal is asked for when the MCP server asks for it: on Deno a look at the signal of a server's
 * request, and on Node a request that follows another signal, take as long as the rest of the copy.
 * Therefore a request that the MCP server makes of this one (`new Request(request)`) has a signal that
 * never aborts; a clone has the right one.
 *
 * `text()` and `json()` return the text as it is: on Node the runtime would encode it, make a stream of
 * it, and decode that. The other readers do not notice that these two have read the body.
 */
export class ForwardedRequest extends Request {
  readonly #text: string | undefined;
  readonly #getSignal: () => AbortSignal;
  #isRead = false;

  constructor({ url, method, headers, body, getSignal }: Parts) {
    // Node insists on `duplex` for a stream.
    const init: RequestInit & { duplex: "half" } = { method, headers, body, duplex: "half" };
    super(url, init);
    this.#text = typeof body === "string" ? body : undefined;
    this.#getSignal = getSignal;
  }

  override get signal(): AbortSignal {
    return this.#getSignal();
  }

  override get bodyUsed(): boolean {
    return this.#isRead || super.bodyUsed;
  }

  override text(): Promise<string> {
    if (this.#text === undefined || super.bodyUsed) return super.text();
    if (this.#isRead) return Promise.reject(new TypeError(USED));
    this.#isRead = true;
    return Promise.resolve(this.#text);
  }

  override async json(): Promise<unknown> {
    return JSON.parse(await this.text());
  }

  override clone(): Request {
    if (this.#isRead) throw new TypeError(USED);
    return Object.defineProperty(super.clone(), "signal", { get: this.#getSignal });
  }
}

const USED = "The body was read already";
