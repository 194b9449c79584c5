import { readFileSync } from 'node:fs'
import { IdgenError } from '../core/errors.ts'
import { LOAD_PROTOCOLS, type LoadPlan, type LoadProtocol, type LoadTarget } from './load-plan.ts'

/** As commander hands them over: texts, which are checked here so that every fault says what to do. */
export interface PlanOptions {
  readonly tag?: readonly string[]
  readonly protocol?: string
  readonly key?: string
  readonly keyFile?: string
  readonly ca?: string
  readonly threads: string
  readonly connections: string
  readonly pipeline: string
  readonly batch: string
  readonly as: string
  readonly command: string
  readonly rate?: string
  readonly requests?: string
  readonly duration: string
  readonly warmUp: string
  readonly check: boolean
  readonly spin?: boolean
}

/** @throws IDGEN_REQUEST_INVALID that names the option, its value and what to write instead */
export function planOf(target: string, options: PlanOptions): LoadPlan {
  const plan: LoadPlan = {
    target: targetOf(target, options),
    tags: tagsOf(options.tag ?? []),
    key: keyOf(options),
    threads: integer('--threads', options.threads, THREADS_MAX),
    connections: integer('--connections', options.connections, CONNECTIONS_MAX),
    pipeline: integer('--pipeline', options.pipeline, PIPELINE_MAX),
    batch: integer('--batch', options.batch, BATCH_MAX),
    form: choice('--as', options.as, ['text', 'runs', 'numbers']),
    command: choice('--command', options.command, ['incr', 'next']),
    rate: options.rate === undefined ? undefined : integer('--rate', options.rate, RATE_MAX),
    requests:
      options.requests === undefined
        ? undefined
        : integer('--requests', options.requests, Number.MAX_SAFE_INTEGER),
    durationMs: duration('--duration', options.duration, 1),
    warmUpMs: duration('--warm-up', options.warmUp, 0),
    check: options.check,
    spin: options.spin === true,
  }
  refuseContradictions(plan, options)
  return plan
}

function refuseContradictions(plan: LoadPlan, { keyFile, key }: PlanOptions): void {
  const { target, threads, connections, batch, command, warmUpMs, form, requests } = plan
  if (threads > connections)
    throw usage(
      `--threads ${threads} is more than --connections ${connections}: a thread needs one connection at least.`,
    )
  if (keyFile !== undefined && key !== undefined)
    throw usage('Give the key once: by --key-file, --key or IDGEN_KEY.')
  if (warmUpMs % 1000 !== 0)
    throw usage(`--warm-up must be whole seconds, not ${warmUpMs} ms: results are kept by the second.`)
  if (requests !== undefined && requests < threads)
    throw usage(`--requests ${requests} is less than --threads ${threads}.`)
  if (target.protocol === 'resp') {
    if (form !== 'text') throw usage(`--as ${form} is not for resp, where --batch is one run.`)
    if (command === 'next' && batch > 1)
      throw usage(`--command next asks for one ID; --batch ${batch} needs --command incr (INCRBY).`)
  } else {
    if (command === 'next') throw usage('--command is for --protocol resp.')
    if (form === 'numbers' && (target.protocol === 'http' || (target.protocol === 'grpc' && batch === 1)))
      throw usage(
        `--as numbers is for --protocol grpc with --batch above 1, and for grpc-stream; not ${target.protocol} with --batch ${batch}.`,
      )
    const bad = plan.tags.find((tag) => !TAG.test(tag))
    if (bad !== undefined)
      throw usage(`--tag must be workspace/group/tag, not ${JSON.stringify(bad)}. The target comes first.`)
  }
}

function targetOf(text: string, { protocol: asked, ca }: PlanOptions): LoadTarget {
  const example = 'http://127.0.0.1:8080, grpc://127.0.0.1:50051 or redis://127.0.0.1:6399'
  // new URL() knows no default path and port of other schemes than http, but it reads their host and port.
  const url = URL.canParse(text) ? new URL(text) : undefined
  const scheme = url === undefined ? undefined : SCHEMES[url.protocol]
  if (url === undefined || scheme === undefined || url.hostname === '')
    throw usage(`The target must be an address like ${example}, not ${JSON.stringify(text)}.`)
  if (url.username !== '' || url.password !== '')
    throw usage('The target must not hold a password: use --key, --key-file or IDGEN_KEY.')
  const protocol =
    asked === undefined ? scheme.protocol : choice<LoadProtocol>('--protocol', asked, LOAD_PROTOCOLS)
  const port = url.port === '' ? defaultPort(url.protocol) : Number(url.port)
  if (port === undefined) throw usage(`The target names no port: write it like ${example}.`)
  if (ca !== undefined && !scheme.tls)
    throw usage('--ca needs a target with TLS: https://, grpcs:// or rediss://.')
  const host = url.hostname.replace(/^\[|\]$/g, '')
  return {
    protocol,
    host,
    port,
    tls: scheme.tls ? { ca: ca === undefined ? undefined : read('--ca', ca) } : undefined,
  }
}

const SCHEMES: Readonly<Record<string, { readonly protocol: LoadProtocol; readonly tls: boolean }>> = {
  'http:': { protocol: 'http', tls: false },
  'https:': { protocol: 'http', tls: true },
  'grpc:': { protocol: 'grpc', tls: false },
  'grpcs:': { protocol: 'grpc', tls: true },
  'redis:': { protocol: 'resp', tls: false },
  'rediss:': { protocol: 'resp', tls: true },
}

/** Of HTTP alone: for the others nobody agrees on one. */
function defaultPort(scheme: string): number | undefined {
  return scheme === 'http:' ? 80 : scheme === 'https:' ? 443 : undefined
}

/** `acme/shop/t{1..3}` in quotes is what a shell makes of it without: three tags. */
function tagsOf(given: readonly string[]): string[] {
  if (given.length === 0) throw usage('--tag is missing: which tag shall be asked, as workspace/group/tag?')
  const tags = given.flatMap((text) => {
    const [whole, from = '', to = ''] = /\{(\d{1,6})\.\.(\d{1,6})\}/.exec(text) ?? []
    if (whole === undefined) return [text]
    const length = Number(to) - Number(from) + 1
    if (!(length >= 1)) throw usage(`--tag ${text}: the numbers must ascend.`)
    return Array.from({ length }, (_, i) => text.replace(whole, String(Number(from) + i)))
  })
  if (tags.length > TAGS_MAX)
    throw usage(`--tag names ${tags.length} tags; at most ${TAGS_MAX} are asked in turn.`)
  // A line break would end the request that it stands in.
  const bad = tags.find((tag) => tag === '' || /[\p{Cc}\s]/u.test(tag))
  if (bad !== undefined) throw usage(`--tag must hold no blanks, not ${JSON.stringify(bad)}.`)
  return tags
}

function keyOf({ key, keyFile }: PlanOptions): string {
  const text = keyFile === undefined ? (key ?? '') : read('--key-file', keyFile).trim()
  // It stands in a header: a line break would be the begin of another one. It is a secret, so it is not shown.
  if (!/^[\x21-\x7e]*$/.test(text)) throw usage('The key holds blanks or characters that no key has.')
  return text
}

function read(option: string, file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw usage(`${option} ${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function integer(option: string, text: string, max: number): number {
  const value = Number(text)
  if (!/^[0-9]{1,16}$/.test(text) || value < 1 || value > max)
    throw usage(`${option} must be an integer from 1 to ${max}, not ${JSON.stringify(text)}.`)
  return value
}

function choice<T extends string>(option: string, text: string, choices: readonly T[]): T {
  const found = choices.find((one) => one === text)
  if (found === undefined)
    throw usage(`${option} must be one of ${choices.join(', ')}, not ${JSON.stringify(text)}.`)
  return found
}

/** `least` in milliseconds. */
function duration(option: string, text: string, least: number): number {
  const [, number = '', unit = ''] = /^([0-9]{1,9})(ms|s|m|h)$/.exec(text) ?? []
  const ms = Number(number) * (UNITS[unit] ?? Number.NaN)
  if (!(ms >= least && ms <= DURATION_MAX_MS))
    throw usage(`${option} must be a time like 500ms, 10s or 5m, up to 24h, not ${JSON.stringify(text)}.`)
  return ms
}

function usage(message: string): IdgenError {
  return new IdgenError('IDGEN_REQUEST_INVALID', message)
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }
const TAG = /^[a-z0-9][a-z0-9._-]*\/[a-z0-9][a-z0-9._-]*\/[a-z0-9][a-z0-9._-]*$/
/** Each loads a library and its heap; more than there are processors measure the scheduler. */
const THREADS_MAX = 64
/** A client has some 28,000 ports for one address; each connection here takes 20 KB. */
const CONNECTIONS_MAX = 20_000
/** Longer ones only wait in buffers. */
const PIPELINE_MAX = 4096
/** The most one request of the service may ask for by default, as runs. */
const BATCH_MAX = 1_000_000
/** Above what any one process could send. */
const RATE_MAX = 100_000_000
/** A request of each is kept ready. */
const TAGS_MAX = 10_000
const DURATION_MAX_MS = 86_400_000
