import type { Attempt } from '../app/attempt.ts'
import type { Caller } from '../app/authenticator.ts'
import type { ProxySettings } from '../app/client-addresses.ts'
import type { CallSample } from '../app/issue-ledger.ts'
import type { RateSettings } from '../app/rate-limits.ts'
import { ALGORITHMS, type AlgorithmName } from '../core/algorithm.ts'
import type { EndedSpan } from '../core/ended-span.ts'
import { ERRORS, type ErrorCode } from '../core/errors.ts'
import type { Sampling } from '../core/span-sampling.ts'
import { isLogText, LOG_LEVELS, type LogLevel, type LogText } from '../ports/log-events.ts'

/**
 * What the main thread and a protocol thread say to each other, beside what they say of shares
 * (app/sub-block-messages.ts). Both are one program; each message arrives once and in order.
 */

/** From a thread. */
export type FromThread =
  /** The answer to `listen`. */
  | { readonly kind: 'listening'; readonly name: string; readonly port: number }
  | { readonly kind: 'deaf'; readonly name: string; readonly errno: string; readonly message: string }
  /** Whose key is that? */
  | {
      readonly kind: 'who'
      readonly number: number
      readonly keyText: string | undefined
      /** Who sent it, by address. */
      readonly client: string
      /** What it was sent for, of the first who asks; undefined: its protocol does not say. */
      readonly attempt: Attempt | undefined
    }
  /** Counts go on in this memory, whose rows are empty yet; the one before is written no more. */
  | { readonly kind: 'tally'; readonly memory: SharedArrayBuffer }
  /** What row `row` of the tally counts. */
  | { readonly kind: 'row'; readonly row: number; readonly labels: RowLabels }
  | {
      readonly kind: 'log'
      readonly level: LogLevel
      readonly fields: object
      readonly text: LogText
    }
  /** Of traced calls. */
  | { readonly kind: 'spans'; readonly spans: readonly EndedSpan[] }
  /** A call that the audit log shows in full (audit.sampleEvery). */
  | { readonly kind: 'sample'; readonly sample: CallSample }
  /** What a listener does not answer by itself (passed-on.ts). */
  | { readonly kind: 'passed'; readonly number: number; readonly name: string; readonly question: unknown }
  /** The answer to `drain`: no connection is open any more. */
  | { readonly kind: 'drained' }

/** From the main thread. */
export type ToThread =
  /** `name`: which of its listeners. */
  | { readonly kind: 'listen'; readonly name: string; readonly port: number }
  /** The answer to `passed`. */
  | { readonly kind: 'answered'; readonly number: number; readonly answer: unknown }
  | {
      readonly kind: 'caller'
      readonly number: number
      readonly caller: Caller
      /** Unix ms; 0: not to be remembered. */
      readonly untilMs: number
    }
  | {
      readonly kind: 'nobody'
      readonly number: number
      readonly code: ErrorCode
      readonly message: string
      readonly retryAfterMs: number | undefined
    }
  /** A key was revoked or changed; undefined: any may have been. */
  | { readonly kind: 'forget'; readonly keyId: string | undefined }
  | {
      readonly kind: 'configure'
      readonly deadlineMs: number
      readonly maxWaiting: number
      readonly rates: RateSettings
      readonly proxies: ProxySettings
      readonly detail: ThreadDetail
    }
  /** Not ready any more: answers end their connections from now on, and all is still served. */
  | { readonly kind: 'leave' }
  | { readonly kind: 'drain'; readonly withinMs: number }

/** How much a thread tells of what it does. */
export interface ThreadDetail {
  /** Whether lines for debugging are written: they come by the thousand, and each is a message. */
  readonly debug: boolean
  readonly sampling: Sampling
  /** As IssueLedger has it. */
  readonly sampleEvery: number
}

/**
 * Requests answered with IDs of a tag; calls of a key by what became of them (`ok` or an error code); or waits for IDs of a tag,
 * answered or failed, by their class (tagClassOf).
 */
export type RowLabels =
  | readonly ['served', path: string, algorithm: AlgorithmName, degraded: 'degraded' | '']
  | readonly ['called', keyId: string, path: string, outcome: string]
  | readonly ['waited', path: string, outcome: 'late' | 'failed', at: string]

/** undefined: not one of these; perhaps the lender's. */
export function fromThread(message: unknown): FromThread | undefined {
  const fields = fieldsOf(message)
  const { number, keyText, client, attempt, name, port, errno, message: text } = fields
  const { memory, row, labels, level } = fields
  switch (fields['kind']) {
    case 'listening':
      return isText(name) && isWhole(port) ? { kind: 'listening', name, port } : undefined
    case 'deaf':
      return isText(name) && isText(errno) && isText(text)
        ? { kind: 'deaf', name, errno, message: text }
        : undefined
    case 'passed':
      return isWhole(number) && isText(name)
        ? { kind: 'passed', number, name, question: fields['question'] }
        : undefined
    case 'who':
      return isWhole(number) && isText(client) && isTextOrNone(keyText) && isAttemptOrNone(attempt)
        ? { kind: 'who', number, keyText, client, attempt }
        : undefined
    case 'tally':
      return memory instanceof SharedArrayBuffer ? { kind: 'tally', memory } : undefined
    case 'row':
      return isWhole(row) && isRowLabels(labels) ? { kind: 'row', row, labels } : undefined
    case 'log':
      return loggedOf(level, fields)
    case 'spans':
      return Array.isArray(fields['spans'])
        ? { kind: 'spans', spans: fields['spans'] as readonly EndedSpan[] }
        : undefined
    case 'sample':
      return isSample(fields['sample']) ? { kind: 'sample', sample: fields['sample'] } : undefined
    case 'drained':
      return { kind: 'drained' }
    default:
      return undefined
  }
}

/** undefined: not one of these; perhaps the lender's. */
export function toThread(message: unknown): ToThread | undefined {
  const fields = fieldsOf(message)
  const { number, name, port, keyId, caller, untilMs, code, message: text, retryAfterMs } = fields
  switch (fields['kind']) {
    case 'listen':
      return isText(name) && isWhole(port) ? { kind: 'listen', name, port } : undefined
    case 'answered':
      return isWhole(number) ? { kind: 'answered', number, answer: fields['answer'] } : undefined
    case 'leave':
      return { kind: 'leave' }
    case 'caller':
      return isWhole(number) && typeof caller === 'object' && caller !== null && typeof untilMs === 'number'
        ? { kind: 'caller', number, caller: caller as Caller, untilMs }
        : undefined
    case 'nobody': {
      if (!isWhole(number) || !isCode(code) || !isText(text)) return undefined
      const retry = typeof retryAfterMs === 'number' ? retryAfterMs : undefined
      return { kind: 'nobody', number, code, message: text, retryAfterMs: retry }
    }
    case 'forget':
      return keyId === undefined || isText(keyId) ? { kind: 'forget', keyId } : undefined
    case 'configure': {
      const { deadlineMs, maxWaiting, rates, proxies, detail } = fields
      if (!isWhole(deadlineMs) || !isWhole(maxWaiting)) return undefined
      return isRates(rates) && isProxies(proxies) && isDetail(detail)
        ? { kind: 'configure', deadlineMs, maxWaiting, rates, proxies, detail }
        : undefined
    }
    case 'drain':
      return isWhole(fields['withinMs']) ? { kind: 'drain', withinMs: fields['withinMs'] } : undefined
    default:
      return undefined
  }
}

function isRates(rates: unknown): rates is RateSettings {
  const { perAddress, perKey, perTag, burst, wrongKeys, headers, shared } = fieldsOf(rates)
  const switches = [headers, shared].every((one) => one === undefined || typeof one === 'boolean')
  return switches && [perAddress, perKey, perTag, burst, wrongKeys].every(isWhole)
}

function isProxies(proxies: unknown): proxies is ProxySettings {
  const { trustedProxies, forwardedHeader } = fieldsOf(proxies)
  return isText(trustedProxies) && isText(forwardedHeader)
}

function isDetail(detail: unknown): detail is ThreadDetail {
  const { debug, sampling, sampleEvery } = fieldsOf(detail)
  const { ratio, perSecond } = fieldsOf(sampling)
  return typeof debug === 'boolean' && typeof ratio === 'number' && isWhole(perSecond) && isWhole(sampleEvery)
}

function isAttemptOrNone(attempt: unknown): attempt is Attempt | undefined {
  if (attempt === undefined) return true
  const { operation, subject, traceId } = fieldsOf(attempt)
  return isText(operation) && isTextOrNone(subject) && isTextOrNone(traceId)
}

function isSample(sample: unknown): sample is CallSample {
  const { keyId, path, result, ids } = fieldsOf(sample)
  return isText(keyId) && isText(path) && isText(result) && isWhole(ids)
}

function isRowLabels(labels: unknown): labels is RowLabels {
  if (!Array.isArray(labels) || labels.length !== 4 || !labels.every(isText)) return false
  const [kind, , algorithm = '', last = ''] = labels
  if (kind === 'waited') return (algorithm === 'late' || algorithm === 'failed') && /^\d$/.test(last)
  return kind === 'called' || (kind === 'served' && ALGORITHMS.some((name) => name === algorithm))
}

function loggedOf(level: unknown, { fields, text }: Readonly<Record<string, unknown>>) {
  const known = LOG_LEVELS.find((name) => name === level)
  if (known === undefined || typeof fields !== 'object' || fields === null || !isLogText(text))
    return undefined
  return { kind: 'log', level: known, fields, text } as const
}

function fieldsOf(message: unknown): Readonly<Record<string, unknown>> {
  return typeof message === 'object' && message !== null ? (message as Record<string, unknown>) : {}
}

function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}

function isTextOrNone(value: unknown): value is string | undefined {
  return value === undefined || isText(value)
}

function isCode(value: unknown): value is ErrorCode {
  return isText(value) && Object.hasOwn(ERRORS, value)
}
