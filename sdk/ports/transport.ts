import type { Endpoint } from '../core/endpoint-choice.ts'
import type { IdAnswer, IdRequest } from '../core/id-answer.ts'

/**
 * One protocol of the service. Every request may be sent again, to the same endpoint or another: what was answered to
 * nobody is never handed out, so the worst of a repeated request is a gap.
 */
export interface Transport {
  /** Which it speaks: `['http', 'https']`. */
  readonly schemes: readonly string[]
  /** Most texts that a request may ask for; runs have no limit here. */
  readonly textsMax: number
  /**
   * Asks once, without a retry of its own, and settles when `signal` is aborted: whatever comes after that is dropped.
   * No socket of it keeps the process alive.
   * @throws IdgenClientError as the service said, or whatever the connection failed with
   */
  issue(endpoint: string, request: IdRequest, signal: AbortSignal): Promise<IdAnswer>
  /** The nodes that the service knows, with addresses for this transport; left out where the protocol has no such call. */
  nodes?(endpoint: string, signal: AbortSignal): Promise<readonly Endpoint[]>
  /** Ends all connections; what is under way fails. */
  close(): void
}

/** What a transport needs to know of the client. */
export interface TransportSettings {
  /** The API key; undefined: none is sent. */
  readonly key: string | undefined
  /** The client's own data centre, which is told with every request, or once a connection. */
  readonly dc: number | undefined
  /** Certificates to trust instead of those the system trusts; PEM. */
  readonly ca: string | undefined
}

/** Made by the client, so that connections and key belong to one client. */
export type TransportFactory = (settings: TransportSettings) => Transport
