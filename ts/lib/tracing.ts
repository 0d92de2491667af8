// Traces for OpenTelemetry: made once a second from the recorded invocations, exported by OpenTelemetry's own exporter, which
// reads its variables (OTEL_EXPORTER_OTLP_*, OTEL_BSP_*, OTEL_RESOURCE_ATTRIBUTES) itself. Loaded only when it is configured.
import { createTraceState, SpanKind, SpanStatusCode, TraceFlags } from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources'
import { BatchSpanProcessor, type ReadableSpan } from '@opentelemetry/sdk-trace-base'
import type { Engine } from './native.js'
import { recordOf } from './observe/records.js'
import { spansOf, type Span } from './observe/spans.js'

export interface TracingOptions {
  engine: Pick<Engine, 'recent' | 'setTraced'>
  edge: string
  region: string
  version: string
  /** Of the traces that no caller began, 0 to 1. */
  ratio: number
  clock: () => number
}

const EVERY_MS = 1_000
const MAX_RECORDS = 1_000
/** What waits when the edge stops gets so long to be sent. */
const CLOSE_MS = 2_000

const KINDS = { server: SpanKind.SERVER, client: SpanKind.CLIENT, internal: SpanKind.INTERNAL }

export function openTracing({ clock, edge, engine, ratio, region, version }: TracingOptions): AsyncDisposable {
  const processor = new BatchSpanProcessor(new OTLPTraceExporter())
  const own = resourceFromAttributes({ 'service.name': 'swarmlambda', 'service.version': version, 'service.instance.id': edge, 'cloud.region': region })
  const resource = own.merge(detectResources({ detectors: [envDetector] }))
  let seen = clock() * 1_000

  const readable = ({ attributes, endMs, error, kind, name, parentSpanId, spanId, startMs, traceId, traceState }: Span): ReadableSpan => {
    const context = (id: string) => ({ traceId, spanId: id, traceFlags: TraceFlags.SAMPLED, ...(traceState !== null && { traceState: createTraceState(traceState) }) })
    return {
      name,
      kind: KINDS[kind],
      spanContext: () => context(spanId),
      ...(parentSpanId !== null && { parentSpanContext: context(parentSpanId) }),
      startTime: timeOf(startMs),
      endTime: timeOf(endMs),
      duration: timeOf(endMs - startMs),
      status: error === null ? { code: SpanStatusCode.UNSET } : { code: SpanStatusCode.ERROR, message: error },
      attributes,
      links: [],
      events: [],
      ended: true,
      resource,
      instrumentationScope: { name: 'swarmlambda', version },
      droppedAttributesCount: 0,
      droppedEventsCount: 0,
      droppedLinksCount: 0,
    }
  }
  const look = (): void => {
    const { records } = engine.recent({ since: seen, limit: MAX_RECORDS, name: null, requestId: null, logging: false })
    seen = records.at(-1)?.seq ?? seen
    for (const record of records) for (const span of spansOf(recordOf(edge, record), region, ratio)) processor.onEnd(readable(span))
  }

  engine.setTraced(true)
  const timer = setInterval(look, EVERY_MS)
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(timer)
      look()
      const late = new Promise<void>((resolve) => setTimeout(resolve, CLOSE_MS).unref())
      await Promise.race([processor.shutdown().catch(() => undefined), late])
    },
  }
}

/** Seconds and nanoseconds. */
const timeOf = (ms: number): [number, number] => [Math.floor(ms / 1_000), Math.round((ms % 1_000) * 1e6)]
