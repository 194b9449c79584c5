import { randomBytes } from 'node:crypto'
import { TLSSocket } from 'node:tls'
import { getEnvironmentData, setEnvironmentData } from 'node:worker_threads'
import { certificateText } from '../ports/certificate-text.ts'

const ENVIRONMENT_KEY = 'idgen.certificateMark'
/** By it texts of certificates are told from keys: the same in all threads of this process, and known to nobody outside. */
export const CERTIFICATE_MARK = markOfProcess()

/**
 * The certificate that the client of this connection showed, in the place of a key's text (ports/certificate-text.ts);
 * undefined: none. Found out once for each connection.
 */
export function certificateTextOf(socket: object): string | undefined {
  const known = TEXTS.get(socket)
  if (known !== undefined) return known === '' ? undefined : known
  if (!(socket instanceof TLSSocket)) return undefined
  const text = textOf(socket)
  TEXTS.set(socket, text ?? '')
  return text
}

/** This one stands in for a connection of another thread, which shows this certificate (its text). */
export function standIn(socket: object, text: string): void {
  TEXTS.set(socket, text)
}

function textOf(socket: TLSSocket): string | undefined {
  // Not by `authorized`: it is true as well where a session without a certificate was resumed.
  const shown = socket.getPeerX509Certificate()
  if (shown === undefined) return undefined
  const { CN } = shown.toLegacyObject().subject as { readonly CN?: string | string[] }
  const names = [
    ...alternativeNames(shown.subjectAltName ?? ''),
    ...(typeof CN === 'string' ? [`CN:${CN}`] : []),
  ]
  const fault = socket.authorized ? undefined : String(socket.authorizationError)
  return certificateText(CERTIFICATE_MARK, { names, endMs: Date.parse(shown.validTo), fault })
}

/** `DNS:a.example, URI:spiffe://a`: Node quotes what has a comma or the like, so that one name cannot look like two. */
export function alternativeNames(text: string): string[] {
  const names: string[] = []
  for (const [, kind = '', value = ''] of text.matchAll(NAME)) {
    if (!KINDS.has(kind)) continue
    names.push(`${kind}:${value.startsWith('"') ? (JSON.parse(value) as string) : value}`)
  }
  return names
}

function markOfProcess(): string {
  const known = getEnvironmentData(ENVIRONMENT_KEY)
  if (typeof known === 'string') return known
  const mark = `client-certificate-${randomBytes(16).toString('hex')} `
  setEnvironmentData(ENVIRONMENT_KEY, mark)
  return mark
}

const NAME = /([A-Za-z][A-Za-z ]*):("(?:[^"\\]|\\.)*"|[^,]*)(?:, |$)/g
const KINDS: ReadonlySet<string> = new Set(['URI', 'DNS', 'email'])
/** '': looked at, and without one. */
const TEXTS = new WeakMap<object, string>()
