import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createSecureContext } from 'node:tls'
import { IdgenError } from '../../core/errors.ts'
import type {
  CertificateLife,
  CertificatePair,
  CertificateSource,
  ServedCertificate,
} from '../../ports/certificates.ts'
import type { Log } from '../../ports/log.ts'

export interface CertificateFilesOptions {
  /** Path of the certificate, with those that sign it, PEM. */
  readonly cert: string
  readonly key: string
  /** Authorities of clients, PEM; '' or left out: none. */
  readonly clientCa?: string
  readonly log: Log
}

/**
 * Certificate and key from two files, read again every second: notifications miss the symlink swap of a Kubernetes
 * Secret. A new pair counts when two readings in a row are equal, because the files are not written at one moment; a bad
 * one is told of once, and the last good one stays.
 */
export class CertificateFiles implements CertificateSource, ServedCertificate {
  readonly #options: CertificateFilesOptions
  readonly #listeners: ((pair: CertificatePair) => void)[] = []
  #current: CertificatePair
  #refused: string | undefined
  /** The last reading, and the last one that was judged. */
  #seen: string
  #judged: string
  #timer: NodeJS.Timeout | undefined
  #stopped = false

  private constructor(options: CertificateFilesOptions, pair: CertificatePair) {
    this.#options = options
    this.#current = pair
    this.#seen = this.#judged = fingerprint(pair)
  }

  /** @throws IDGEN_CONFIG_INVALID */
  static async open(options: CertificateFilesOptions): Promise<CertificateFiles> {
    const reading = await read(options)
    const fault = reading instanceof Error ? reading.message : faultOf(reading)
    if (reading instanceof Error || fault !== undefined)
      throw new IdgenError(
        'IDGEN_CONFIG_INVALID',
        `HTTPS cannot be offered with ${options.cert} and ${options.key}: ${fault}. Set server.https.cert and server.https.key to a PEM certificate and its key, or leave both out.`,
      )
    const files = new CertificateFiles(options, reading)
    files.#tell('certificate in use', reading)
    return files
  }

  get current(): CertificatePair {
    return this.#current
  }

  /** Of the current one, in Unix milliseconds. */
  get life(): CertificateLife {
    const { validFrom, validTo } = new X509Certificate(this.#current.cert)
    return { startMs: new Date(validFrom).getTime(), endMs: new Date(validTo).getTime() }
  }

  get refused(): string | undefined {
    return this.#refused
  }

  follow(onChange: (pair: CertificatePair) => void): void {
    this.#listeners.push(onChange)
  }

  start(): void {
    this.#timer ??= this.#later()
  }

  stop(): void {
    this.#stopped = true
    clearTimeout(this.#timer)
  }

  /** Looks at the files once. Never rejects. */
  async check(): Promise<void> {
    const reading = await read(this.#options)
    const seen = reading instanceof Error ? reading.message : fingerprint(reading)
    const stable = seen === this.#seen
    this.#seen = seen
    if (!stable || seen === this.#judged) return
    this.#judged = seen
    const fault = reading instanceof Error ? reading.message : faultOf(reading)
    this.#refused = fault
    if (reading instanceof Error || fault !== undefined) {
      this.#options.log.error({ ...this.#paths(), fault }, 'new certificate refused, the last good one stays')
      return
    }
    this.#current = reading
    for (const onChange of this.#listeners) onChange(reading)
    this.#tell('new certificate in use', reading)
  }

  #later(): NodeJS.Timeout {
    const timer = setTimeout(() => {
      void this.check().then(() => {
        if (!this.#stopped) this.#timer = this.#later()
      })
    }, LOOK_EVERY_MS)
    return timer.unref()
  }

  #tell(what: 'certificate in use' | 'new certificate in use', { cert }: CertificatePair): void {
    const shown = new X509Certificate(cert)
    const { subject, subjectAltName, validTo, fingerprint256 } = shown
    // Not checkIssued: what signs no other certificate may have signed itself.
    const isSelfSigned = shown.issuer === subject && shown.verify(shown.publicKey)
    const fields = {
      ...this.#paths(),
      subject,
      names: subjectAltName,
      validTo,
      sha256: fingerprint256,
      ...(isSelfSigned && { note: SELF_SIGNED }),
    }
    if (new Date(validTo).getTime() > Date.now()) this.#options.log.info(fields, what)
    else this.#options.log.error(fields, `${what}, but it has expired: clients will refuse it`)
  }

  #paths(): { readonly cert: string; readonly key: string } {
    const { cert, key } = this.#options
    return { cert, key }
  }
}

const SELF_SIGNED = 'signed by itself: for trying, and for clients that were given this very certificate'
/** With `stable` two of these pass until a change is in force. */
const LOOK_EVERY_MS = 1000
/** A chain of certificates has some 10 KB; more was put there by mistake. */
const FILE_MAX_BYTES = 1_048_576

/** An Error says what is wrong, without any of the text. */
async function read({ cert, key, clientCa = '' }: CertificateFilesOptions): Promise<CertificatePair | Error> {
  try {
    const files = [cert, key, ...(clientCa === '' ? [] : [clientCa])]
    const [certText = NOTHING, keyText = NOTHING, caText] = await Promise.all(
      files.map((file) => readFile(file)),
    )
    if (Math.max(certText.length, keyText.length, caText?.length ?? 0) > FILE_MAX_BYTES)
      return new Error(`a file is larger than ${FILE_MAX_BYTES} bytes`)
    return { cert: certText, key: keyText, clientCa: caText }
  } catch (error) {
    const { path = '', code = String(error) } = error as NodeJS.ErrnoException
    return new Error(`${path} cannot be read (${code})`)
  }
}

const NOTHING = Buffer.alloc(0)

function fingerprint({ cert, key, clientCa = NOTHING }: CertificatePair): string {
  return [cert, key, clientCa].map((text) => text.toString('latin1')).join('\n')
}

function faultOf({ cert, key, clientCa }: CertificatePair): string | undefined {
  try {
    createSecureContext({ cert, key })
    // OpenSSL takes a file without any certificate for one with none, and then lets nobody in.
    if (clientCa !== undefined) return authorityFault(clientCa.toString('latin1'))
    return undefined
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException
    return code.endsWith('KEY_VALUES_MISMATCH')
      ? 'the key is that of another certificate'
      : `they are no PEM certificate and key (${message})`
  }
}

function authorityFault(text: string): string | undefined {
  const certificates = text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? []
  if (certificates.length === 0) return 'server.https.clientCa holds no PEM certificate'
  try {
    for (const one of certificates) new X509Certificate(one)
    return undefined
  } catch (error) {
    return `server.https.clientCa holds a certificate that cannot be read (${(error as Error).message})`
  }
}
