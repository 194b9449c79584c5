import { ALGORITHMS, type AlgorithmName } from '../core/algorithm.ts'
import { ERRORS, type ErrorCode, IdgenError } from '../core/errors.ts'
import type { PackedSubBlock } from '../core/sub-block.ts'
import type { NumberSpace } from '../core/tag.ts'

/** What threads that issue and the main thread, which alone takes grants, say to each other. Both are one program. */

/** From a thread. */
export type ToLender =
  | {
      readonly kind: 'ask'
      /** Of this thread; the answer bears it, so that an answer is used once and by the one who asked. */
      readonly number: number
      readonly path: string
      readonly count: number
      /** All of it in one run of consecutive numbers, or none. */
      readonly run: boolean
      readonly owner: string
      /** Of the traced call that waits for it (W3C); undefined: none does. */
      readonly traceparent: string | undefined
    }
  /** The thread issues nothing any more, ever. */
  | { readonly kind: 'stopped' }

/** From the main thread. */
export type ToBorrower =
  | {
      readonly kind: 'share'
      readonly number: number
      readonly path: string
      readonly share: PackedSubBlock
      /** By what the tag would issue if all were well; left out: by what the share is of. */
      readonly first?: AlgorithmName | undefined
      /** Of the tag, where its numbers have a format or a layout of their own. */
      readonly space?: NumberSpace | undefined
    }
  | {
      readonly kind: 'refused'
      readonly number: number
      readonly path: string
      readonly code: ErrorCode
      readonly message: string
      readonly retryAfterMs: number | undefined
    }
  /** Drop all shares, of one tag or of all, and go on. */
  | { readonly kind: 'revoke'; readonly path: string | undefined }
  /** Drop all shares, issue nothing any more, and answer `stopped`. */
  | { readonly kind: 'stop' }

/** undefined: not a message of ours. */
export function toLender(message: unknown): ToLender | undefined {
  const fields = fieldsOf(message)
  if (fields['kind'] === 'stopped') return { kind: 'stopped' }
  const { kind, number, path, count, run, owner, traceparent } = fields
  if (kind !== 'ask' || typeof path !== 'string' || typeof owner !== 'string') return undefined
  if (!isWhole(number) || !isWhole(count) || typeof run !== 'boolean') return undefined
  return {
    kind,
    number,
    path,
    count,
    run,
    owner,
    traceparent: typeof traceparent === 'string' ? traceparent : undefined,
  }
}

/** undefined: not a message of ours. What a share holds is checked by SubBlock. */
export function toBorrower(message: unknown): ToBorrower | undefined {
  const { kind, number, path, share, first, space, code, message: text, retryAfterMs } = fieldsOf(message)
  if (kind === 'stop') return { kind }
  if (kind === 'revoke') return typeof path === 'string' || path === undefined ? { kind, path } : undefined
  if (!isWhole(number) || typeof path !== 'string') return undefined
  if (kind === 'share' && typeof share === 'object' && share !== null)
    return {
      kind,
      number,
      path,
      share: share as PackedSubBlock,
      first: ALGORITHMS.find((name) => name === first),
      space: typeof space === 'object' && space !== null ? (space as NumberSpace) : undefined,
    }
  if (kind !== 'refused' || !isCode(code) || typeof text !== 'string') return undefined
  const retry = typeof retryAfterMs === 'number' ? retryAfterMs : undefined
  return { kind, number, path, code, message: text, retryAfterMs: retry }
}

/** What both sides answer once they stop. */
export function shuttingDown(): IdgenError {
  return new IdgenError('IDGEN_SHUTTING_DOWN', 'This server is shutting down; ask another one.', {
    retryAfterMs: 1000,
  })
}

function fieldsOf(message: unknown): Readonly<Record<string, unknown>> {
  return typeof message === 'object' && message !== null ? (message as Record<string, unknown>) : {}
}

function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 1
}

function isCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(ERRORS, value)
}
