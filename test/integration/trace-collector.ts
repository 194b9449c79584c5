import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'

/** A span as OTLP brings it, as far as tests look at it. */
export interface CollectedSpan {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  readonly kind: number
  readonly attributes: readonly { readonly key: string; readonly value: Readonly<Record<string, unknown>> }[]
  readonly status: { readonly code?: number; readonly message?: string }
}

/** A collector that keeps what it was sent, or does not answer well. */
export class TraceCollector {
  readonly spans: CollectedSpan[] = []
  /** What it answers. */
  status = 200
  #port = 0

  static async start(t: TestContext): Promise<TraceCollector> {
    const collector = new TraceCollector()
    const server = createServer((request, response) => {
      let text = ''
      request.setEncoding('utf8').on('data', (part: string) => (text += part))
      request.on('end', () => {
        if (collector.status === 200) collector.#keep(text)
        response.writeHead(collector.status, { 'content-type': 'application/json' }).end('{}')
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    t.after(() => {
      server.closeAllConnections()
      server.close()
    })
    collector.#port = (server.address() as AddressInfo).port
    return collector
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.#port}/v1/traces`
  }

  /** Of one trace, once `done` says that it is whole. @throws after ten seconds, with what came */
  async trace(
    traceId: string,
    done: (spans: readonly CollectedSpan[]) => boolean,
  ): Promise<readonly CollectedSpan[]> {
    const endsAtMs = Date.now() + 10_000
    for (;;) {
      const spans = this.spans.filter((span) => span.traceId === traceId)
      if (done(spans)) return spans
      if (Date.now() > endsAtMs)
        throw new Error(`the trace ${traceId} is not whole: ${JSON.stringify(spans.map(({ name }) => name))}`)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }

  #keep(text: string): void {
    const { resourceSpans } = JSON.parse(text) as {
      resourceSpans: { scopeSpans: { spans: CollectedSpan[] }[] }[]
    }
    for (const { scopeSpans } of resourceSpans) for (const { spans } of scopeSpans) this.spans.push(...spans)
  }
}
