/**
 * The metrics of verifications, introspections and states.
 *
 * @module
 */

import type { CredentialType } from "../../oauth/api_key.ts";
import type { FactsSource } from "../../oauth/facts.ts";
import type { PropelAuthEvent } from "../../events/events.ts";
import type { OtelApi, OtelAttributes, OtelMeter } from "./api.ts";
import {
  describeCredential,
  describeIntrospection,
  describeVerification,
} from "./verification_attributes.ts";

/** The ratio of cache hits is the mean of about so many tokens. */
const HIT_RATIO_WINDOW = 1000;

/** Buckets for seconds; the default ones are meant for milliseconds. */
const DURATION_BOUNDS_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

const HITS: Readonly<Record<FactsSource, boolean>> = {
  cache: true,
  shared_cache: true,
  introspection: false,
  flight: false,
  stale: false,
};

/**
 * Creates the metrics.
 *
 * @param api The module `@opentelemetry/api`.
 * @param scope The library's name.
 * @param attributes Attributes that every measurement has.
 * @returns A function that records an event.
 */
export function createMeasurements(
  api: OtelApi,
  scope: string,
  attributes: OtelAttributes,
): (event: PropelAuthEvent) => void {
  const addToHitRatio = createHitRatio();
  let instruments: Instruments | undefined;
  const breakersOpen: Record<CredentialType, number> = { access_token: 0, api_key: 0 };
  let sharedCacheLost = 0;

  return (event) => {
    // They are created at the first event: on Node, an instrument that is created before a meter
    // provider is registered never records anything.
    instruments ??= createInstruments(api.metrics.getMeter(scope), attributes);
    const measured = instruments;
    switch (event.code) {
      case "token_accepted":
      case "token_refused":
      case "token_unverified": {
        measured.verifications.add(1, { ...attributes, ...describeVerification(event) });
        const source = event.code === "token_unverified" ? "introspection" : event.source;
        if (source !== undefined) {
          measured.hitRatio?.record(addToHitRatio(HITS[source]), attributes);
        }
        if (source === "flight") measured.flightsJoined.add(1, attributes);
        return;
      }
      case "introspection_completed":
      case "propelauth_unreachable":
      case "propelauth_misconfigured":
        measured.introspectionDuration.record(event.durationSeconds, {
          ...attributes,
          ...describeIntrospection(event),
        });
        return;
      case "breaker_opened":
      case "breaker_closed": {
        const { code, credential } = event;
        const open = code === "breaker_opened" ? 1 : 0;
        measured.breakerOpen.add(open - breakersOpen[credential], {
          ...attributes,
          ...describeCredential(event),
        });
        breakersOpen[credential] = open;
        return;
      }
      case "shared_cache_lost":
      case "shared_cache_recovered": {
        const lost = event.code === "shared_cache_lost" ? 1 : 0;
        measured.sharedCacheLost.add(lost - sharedCacheLost, attributes);
        sharedCacheLost = lost;
        return;
      }
      case "shared_cache_entry_rejected":
        measured.sharedCacheRejected.add(1, attributes);
        return;
      case "shared_cache_order_lost":
        measured.sharedCacheOrdersLost.add(1, attributes);
        return;
      case "call_refused":
        measured.requestsRefused.add(1, { ...attributes, "error.type": event.reason });
        return;
      case "session_refused":
        measured.requestsRefused.add(1, { ...attributes, "error.type": "session" });
        return;
      case "request_refused":
        measured.requestsRefused.add(1, { ...attributes, "error.type": event.reason });
        return;
    }
  };
}

type Instruments = ReturnType<typeof createInstruments>;

function createInstruments(meter: OtelMeter, attributes: OtelAttributes) {
  const breakerOpen = meter.createUpDownCounter("propelauth.breaker.open", {
    description: "1 while PropelAuth is not asked because it failed repeatedly, else 0",
    unit: "1",
  });
  const sharedCacheLost = meter.createUpDownCounter("propelauth.shared_cache.lost", {
    description: "1 while the shared cache cannot be used, else 0",
    unit: "1",
  });
  // Recorded once at the start: a dashboard shows no line for a state without a value.
  breakerOpen.add(0, { ...attributes, ...describeCredential({ credential: "access_token" }) });
  sharedCacheLost.add(0, attributes);
  return {
    breakerOpen,
    sharedCacheLost,
    verifications: meter.createCounter("propelauth.verifications", {
      description: "Access tokens verified, by outcome",
      unit: "{verification}",
    }),
    // Not an observable gauge: Deno does not read those when a process ends. Meters before
    // OpenTelemetry 1.9 have no other, and must not lose everything else for that.
    hitRatio: meter.createGauge?.("propelauth.cache.hit_ratio", {
      description:
        `Share of about the last ${HIT_RATIO_WINDOW} tokens that needed no introspection`,
      unit: "1",
    }),
    introspectionDuration: meter.createHistogram("propelauth.introspection.duration", {
      description: "How long PropelAuth took to answer, or to fail",
      unit: "s",
      advice: { explicitBucketBoundaries: DURATION_BOUNDS_SECONDS },
    }),
    flightsJoined: meter.createCounter("propelauth.flights.joined", {
      description: "Verifications that waited for another one's introspection",
      unit: "{verification}",
    }),
    requestsRefused: meter.createCounter("propelauth.requests.refused", {
      description: "Requests refused for their operation, origin, host, or another's session",
      unit: "{request}",
    }),
    sharedCacheRejected: meter.createCounter("propelauth.shared_cache.rejected", {
      description: "Entries of the shared cache that were not written with our secret",
      unit: "{entry}",
    }),
    sharedCacheOrdersLost: meter.createCounter("propelauth.shared_cache.orders_lost", {
      description: "Orders to forget that were written to the shared cache, and are not there",
      unit: "{order}",
    }),
  };
}

/** The mean of all tokens at first; later an exponential moving average. */
function createHitRatio(): (hit: boolean) => number {
  let count = 0;
  let ratio = 0;
  return (hit) => {
    count = Math.min(count + 1, HIT_RATIO_WINDOW);
    return ratio += ((hit ? 1 : 0) - ratio) / count;
  };
}
