export interface KubeRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** "/apis/apps/v1/namespaces/…", each part encoded (resource.ts). */
  readonly path: string
  readonly query?: Readonly<Record<string, string>>
  readonly body?: object
  /** Of the body; a PATCH without one is refused by the API server. */
  readonly contentType?: PatchType | 'application/json'
  readonly signal?: AbortSignal
}

/** What a patch means is in its content type alone. */
export type PatchType = 'application/apply-patch+yaml' | 'application/merge-patch+json'

/** The Kubernetes API as plain objects: nothing that the server sent, or that we send, is dropped on the way. */
export interface KubeClient {
  /** The parsed answer. Throws KubeError; a write may have happened although no answer came (status 0). */
  send<T>(request: KubeRequest): Promise<T>
  /**
   * Opens a watch and gives its lines, parsed, in the order of the server; ends where the server ends it.
   * Throws KubeError on an answer that is no success and on a torn connection. Has no deadline of its own, because
   * only the caller knows how long silence is normal: abort `signal`. Leaving the loop closes the connection.
   */
  watch(request: KubeRequest): AsyncIterable<unknown>
}

/** An answer of the API server that is no success, or none at all. */
export class KubeError extends Error {
  /** HTTP status; 0: no answer. */
  readonly status: number
  /** The machine-readable word of the server's Status, "" where it sent none. */
  readonly reason: string
  /** How long the server asks to wait. */
  readonly retryAfterMs: number | undefined

  constructor(
    message: string,
    status: number,
    options: {
      readonly reason?: string
      readonly retryAfterMs?: number | undefined
      readonly cause?: unknown
    } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'KubeError'
    this.status = status
    this.reason = options.reason ?? ''
    this.retryAfterMs = options.retryAfterMs
  }

  /** From the Status object that a failed call, or an ERROR line of a watch, carries. */
  static fromStatus(what: string, status: number, body: unknown, retryAfterHeader?: string): KubeError {
    const { message, reason, details } = isObject(body) ? (body as ServerStatus) : {}
    const header = Number(retryAfterHeader)
    const seconds =
      details?.retryAfterSeconds ??
      (retryAfterHeader !== undefined && Number.isFinite(header) ? header : undefined)
    return new KubeError(`${what}: ${status} ${message ?? reason ?? 'without a reason'}`, status, {
      reason: reason ?? '',
      retryAfterMs: seconds === undefined ? undefined : Math.max(0, seconds * 1000),
    })
  }
}

export function isStatus(thrown: unknown, ...statuses: readonly number[]): thrown is KubeError {
  return thrown instanceof KubeError && statuses.includes(thrown.status)
}

interface ServerStatus {
  readonly message?: string
  readonly reason?: string
  readonly details?: { readonly retryAfterSeconds?: number }
}

export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
