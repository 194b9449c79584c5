import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import type { Clock } from './clock.ts'
import type { RuntimeLog } from './runtime-log.ts'

/** Paths of PEM files: the certificate with those that sign it, and its key. */
export interface CertificateFiles {
  readonly cert: string
  readonly key: string
}

/** What they hold. Certificate and key belong together. */
export interface ServedPair {
  readonly cert: Buffer
  readonly key: Buffer
}

interface ServedCertificateOptions {
  readonly clock: Clock
  readonly log: RuntimeLog
}

/**
 * The certificate that this process shows, from two files that are looked at every second: notifications miss the symlink swap of a
 * Kubernetes Secret. A new pair counts when two looks in a row see the same, because files need not be written at one moment; a
 * bad one is told of once, and the last good one stays.
 */
export class ServedCertificate {
  readonly #files: CertificateFiles
  readonly #options: ServedCertificateOptions
  #current: ServedPair
  /** Of the last look, and of the last one that was judged. */
  #seen: string
  #judged: string
  #onChange: (pair: ServedPair) => void = () => {}
  #next: Disposable | undefined

  private constructor(files: CertificateFiles, options: ServedCertificateOptions, pair: ServedPair) {
    this.#files = files
    this.#options = options
    this.#current = pair
    this.#seen = this.#judged = textOf(pair)
    this.#tell()
    this.#lookLater()
  }

  /** Throws an Error that says what is wrong with the files, and nothing of what they hold. */
  static open(files: CertificateFiles, options: ServedCertificateOptions): ServedCertificate {
    const found = read(files)
    if (typeof found === 'string')
      throw new Error(`the status port cannot be encrypted with ${files.cert} and ${files.key}: ${found}`)
    return new ServedCertificate(files, options, found)
  }

  get current(): ServedPair {
    return this.#current
  }

  /** From when and until when the one that is shown counts. */
  get life(): { readonly startMs: number; readonly endMs: number } {
    const { validFrom, validTo } = new X509Certificate(this.#current.cert)
    return { startMs: Date.parse(validFrom), endMs: Date.parse(validTo) }
  }

  /** `onChange` is called with each new pair, until the close. One follower: the port. */
  follow(onChange: (pair: ServedPair) => void): void {
    this.#onChange = onChange
  }

  close(): void {
    this.#next?.[Symbol.dispose]()
  }

  #lookLater(): void {
    this.#next = this.#options.clock.after(LOOK_EVERY_MS, () => {
      this.#look()
      this.#lookLater()
    })
  }

  #look(): void {
    const found = read(this.#files)
    const seen = textOf(found)
    const stable = seen === this.#seen
    this.#seen = seen
    if (!stable || seen === this.#judged) return
    this.#judged = seen
    if (typeof found === 'string') {
      const fields = { ...this.#files, fault: found }
      this.#options.log.error(fields, 'new certificate of the status port refused, the last good one stays')
      return
    }
    this.#current = found
    this.#onChange(found)
    this.#tell()
  }

  #tell(): void {
    const { clock, log } = this.#options
    const {
      subject,
      subjectAltName: names,
      validTo,
      fingerprint256,
    } = new X509Certificate(this.#current.cert)
    const fields = { cert: this.#files.cert, subject, names, validTo, sha256: fingerprint256 }
    if (Date.parse(validTo) > clock.nowMs()) log.info(fields, 'certificate of the status port in use')
    else log.error(fields, 'the certificate of the status port has expired: Prometheus will refuse it')
  }
}

/** A text says what is wrong. Not asynchronous: a few kilobytes, which in a pod lie in memory. */
function read({ cert, key }: CertificateFiles): ServedPair | string {
  let pair: ServedPair
  try {
    pair = { cert: readFileSync(cert), key: readFileSync(key) }
  } catch (thrown) {
    const { path = '', code = String(thrown) } = thrown as NodeJS.ErrnoException
    return `${path} cannot be read (${code})`
  }
  try {
    createSecureContext(pair)
    return pair
  } catch (thrown) {
    const { code = '', message } = thrown as NodeJS.ErrnoException
    return code.endsWith('KEY_VALUES_MISMATCH')
      ? 'the key is that of another certificate'
      : `they are no PEM certificate and key (${message})`
  }
}

function textOf(found: ServedPair | string): string {
  return typeof found === 'string'
    ? found
    : `${found.cert.toString('latin1')}\n${found.key.toString('latin1')}`
}

/** Two of these pass until a change is in force. */
const LOOK_EVERY_MS = 1000
