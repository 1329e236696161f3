/**
 * The parent of a call's span, and the span that it is linked with.
 *
 * @module
 *
 * @see {@link https://opentelemetry.io/docs/specs/semconv/gen-ai/mcp/#context-propagation | Context propagation}
 */

import type { BegunCall } from "../audit/observer.ts";
import type { OtelApi, OtelContext, OtelSpanContext } from "./api.ts";

/** Where a call's span belongs. */
interface ParentContext {
  readonly context: OtelContext;
  readonly links: { context: OtelSpanContext }[];
}

/** W3C Baggage, 3.3.2: a propagator forwards up to 8192 bytes. */
const MAX_VALUE_LENGTH = 8192;

/**
 * Finds the parent of a call's span: the span that `params._meta` names, else the active span (usually
 * of the HTTP request), else the span that the request's headers name.
 *
 * A parent from `params._meta` is the client's span of this call. The HTTP request's span is then
 * linked, since one request may carry several calls.
 *
 * @param api The module `@opentelemetry/api`.
 * @param call The call.
 * @returns The context with the parent, and the links.
 */
export function findParent(api: OtelApi, { headers, meta }: BegunCall): ParentContext {
  const { propagation, trace } = api;
  const fields = new Set(propagation.fields());
  const active = api.context.active();
  const transport = trace.getSpanContext(active) !== undefined
    ? active
    : propagation.extract(active, headers, readOnly(fields, (carrier, key) => carrier.get(key)));
  const context = propagation.extract(transport, meta, readOnly(fields, readMember));
  const linked = trace.getSpanContext(transport);
  const isSame = linked?.spanId === trace.getSpanContext(context)?.spanId;
  return { context, links: linked === undefined || isSame ? [] : [{ context: linked }] };
}

/** Reads the fields of the configured propagators, and nothing else that a client may have sent. */
function readOnly<Carrier>(
  fields: ReadonlySet<string>,
  read: (carrier: Carrier, key: string) => unknown,
) {
  const get = (carrier: Carrier, key: string): string | undefined => {
    const value = fields.has(key) ? read(carrier, key) : undefined;
    return typeof value === "string" && value.length <= MAX_VALUE_LENGTH ? value : undefined;
  };
  return {
    get,
    keys: (carrier: Carrier) => [...fields].filter((key) => get(carrier, key) !== undefined),
  };
}

function readMember(meta: Readonly<Record<string, unknown>>, key: string): unknown {
  return Object.hasOwn(meta, key) ? meta[key] : undefined;
}
