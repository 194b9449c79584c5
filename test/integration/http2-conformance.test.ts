import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { SystemClock } from '../../service/adapters/system/system-clock.ts'
import { encodeFields } from '../../service/http2/hpack-encoder.ts'
import { Http2Server, type Http2ServerOptions } from '../../service/http2/server.ts'
import type { Stream, StreamHandler } from '../../service/http2/stream.ts'
import { exists, INSTALL_LIMIT_MS, installed, TOOLS } from '../fixtures/foreign-tools.ts'
import { GrpcApi } from '../fixtures/grpc-api.ts'
import { ScriptedCertificates } from '../fixtures/scripted-certificates.ts'
import { selfSigned } from '../fixtures/self-signed.ts'
import { temporaryFolder } from '../fixtures/temporary-folder.ts'

/** The HTTP/2 server under h2spec (github.com/summerwind/h2spec), which holds servers to RFC 7540 and RFC 7541. */

const run = promisify(execFile)
const MODULE = fileURLToPath(new URL('../servers/h2spec', import.meta.url))
const CLOCK = new SystemClock()

/** RFC 9113 section 5.3.2: priorities are gone, and what a client says of them is left out. */
const NO_PRIORITIES = [
  'http2/5.3.1: Sends HEADERS frame that depend on itself',
  'http2/5.3.1: Sends PRIORITY frame that depend on itself',
]
/** Wants DATA, and what is no call of gRPC is answered with trailers alone. */
const NO_BODY = [
  'generic/2: Sends a WINDOW_UPDATE frame on half-closed (remote) stream',
  'generic/2: Sends a PRIORITY frame on half-closed (remote) stream',
]

test('it is HTTP/2 as the RFC wants it, except for priorities', async (t) => {
  const h2spec = await installed(t, 'h2spec', buildH2spec)
  if (h2spec === undefined) return
  const port = await serve(t)
  const { failed, passed } = await verdicts(h2spec, ['generic', 'http2', 'hpack', '-S', '-p', String(port)])
  assert.deepEqual(failed, NO_PRIORITIES)
  assert.ok(passed > 130, `${passed} cases passed`)
})

test('it is the same HTTP/2 where encrypted', async (t) => {
  const h2spec = await installed(t, 'h2spec', buildH2spec)
  if (h2spec === undefined) return
  const certificates = new ScriptedCertificates(selfSigned('localhost'))
  const port = await serve(t, { certificates, minVersion: 'TLSv1.2' })
  const { failed, passed } = await verdicts(h2spec, [
    'generic',
    'hpack',
    '-S',
    '-t',
    '-k',
    '-p',
    String(port),
  ])
  assert.deepEqual(failed, [])
  assert.ok(passed > 45, `${passed} cases passed`)
})

test('with gRPC on it, which answers what is no call without a body, it stays HTTP/2', async (t) => {
  const h2spec = await installed(t, 'h2spec', buildH2spec)
  if (h2spec === undefined) return
  const api = await GrpcApi.start(t)
  const { failed, passed } = await verdicts(h2spec, ['generic', 'hpack', '-S', '-p', String(api.port)])
  assert.deepEqual(failed, NO_BODY)
  assert.ok(passed > 45, `${passed} cases passed`)
})

/** The server with an application that answers like one of HTTP, so that the cases which want a body find one. */
async function serve(t: TestContext, tls?: Http2ServerOptions['tls']): Promise<number> {
  const server = new Http2Server({
    maxHeldBytes: 1_000_000,
    clock: CLOCK,
    maxConnectionAgeMs: 0,
    open: (stream) => new LateAnswer(stream),
    onFault: (error) => assert.fail(String(error)),
    ...(tls === undefined ? {} : { tls }),
  })
  t.after(() => server.drain(0))
  return server.listen({ host: '127.0.0.1', port: 0 })
}

/** Answers a moment after the request has come: most cases say something more while it is under way. */
class LateAnswer implements StreamHandler {
  readonly #stream: Stream

  constructor(stream: Stream) {
    this.#stream = stream
  }

  data(_bytes: Uint8Array, isLast: boolean): void {
    if (isLast) this.ended()
  }

  ended(): void {
    CLOCK.after(ANSWER_AFTER_MS, () => {
      this.#stream.respond(HEAD)
      this.#stream.write(BODY)
      this.#stream.end(TRAILERS)
    })
  }

  drained(): void {}
  gone(): void {}
}

const HEAD = encodeFields([[':status', '200']])
const BODY = Buffer.from('hello')
const TRAILERS = encodeFields([['end', 'true']])
const ANSWER_AFTER_MS = 100
/** Some cases wait for what must not come. */
const CASE_LIMIT_S = 3
const RUN_LIMIT_MS = 240_000

/** "section: case" of those that did not pass, among them those that could not be tried. */
async function verdicts(h2spec: string, args: string[]): Promise<{ failed: string[]; passed: number }> {
  const folder = temporaryFolder('idgen-h2spec-')
  const report = join(folder, 'report.xml')
  const more = ['-h', '127.0.0.1', '-o', String(CASE_LIMIT_S), '-j', report]
  // It ends with 1 when a case fails; without a report it is this that failed.
  const told = await run(h2spec, [...args, ...more], { timeout: RUN_LIMIT_MS }).catch(String)
  const xml = await readFile(report, 'utf8').catch(() => assert.fail(JSON.stringify(told)))
  const cases = [
    ...xml.matchAll(/<testcase package="([^"]*)" classname="([^"]*)"[^>]*>(<\/testcase>|\s*<\w+)?/g),
  ]
  const failed = cases.filter(([, , , end]) => end !== '</testcase>')
  return {
    failed: failed.map(([, section, name]) => `${section}: ${name}`.replaceAll('&#34;', '"')),
    passed: cases.length - failed.length,
  }
}

/** Built once for each version that go.mod names. */
async function buildH2spec(): Promise<string> {
  const version = /h2spec (v[\d.]+)/.exec(await readFile(join(MODULE, 'go.mod'), 'utf8'))?.[1]
  const binary = join(TOOLS, `h2spec-${version}`, 'h2spec')
  if (await exists(binary)) return binary
  const args = [
    'build',
    '-mod=readonly',
    '-trimpath',
    '-o',
    binary,
    'github.com/summerwind/h2spec/cmd/h2spec',
  ]
  await run('go', args, {
    cwd: MODULE,
    env: { ...process.env, CGO_ENABLED: '0' },
    timeout: INSTALL_LIMIT_MS,
  })
  return binary
}
