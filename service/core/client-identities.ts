import { checkName } from './tag.ts'

/** Who shows a certificate with this name may do this. */
export interface ClientIdentity<Scope extends string> {
  /** Of the identity, for the audit log. */
  readonly name: string
  /** What the certificate must bear, e.g. `URI:spiffe://example.org/billing`. */
  readonly certificate: string
  readonly scopes: readonly Scope[]
  /** '' or a prefix of `w/g/t`. */
  readonly within: string
}

export type ParsedIdentities<Scope extends string> =
  | { readonly identities: readonly ClientIdentity<Scope>[] }
  /** What is wrong, with the entry it is wrong in. */
  | { readonly fault: string }

/** `<name> <kind>:<value> <scope,scope> [<w/g/t>]`, with semicolons between. */
export function parseClientIdentities<Scope extends string>(
  text: string,
  scopes: readonly Scope[],
): ParsedIdentities<Scope> {
  const identities: ClientIdentity<Scope>[] = []
  const seen = new Set<string>()
  for (const entry of text.split(';').map((one) => one.trim())) {
    if (entry === '') continue
    const identity = parseEntry(entry, scopes)
    if (typeof identity === 'string') return { fault: `${identity}, not ${JSON.stringify(entry)}` }
    for (const unique of [identity.name, identity.certificate]) {
      if (seen.has(unique))
        return { fault: `must name ${unique} once, not again in ${JSON.stringify(entry)}` }
      seen.add(unique)
    }
    identities.push(identity)
  }
  return { identities }
}

export type ParsedCertificates =
  | { readonly certificates: ReadonlySet<string> }
  /** What is wrong, with the entry it is wrong in. */
  | { readonly fault: string }

/** `<kind>:<value>`, with semicolons between. */
export function parseCertificates(text: string): ParsedCertificates {
  const certificates = text
    .split(';')
    .map((one) => one.trim())
    .filter((one) => one !== '')
  const bad = certificates.find((one) => !CERTIFICATE.test(one))
  if (bad !== undefined)
    return {
      fault: `must be certificates like "URI:spiffe://…" with semicolons between, not ${JSON.stringify(bad)}`,
    }
  return { certificates: new Set(certificates) }
}

/** What must be, where it is not. */
function parseEntry<Scope extends string>(
  entry: string,
  known: readonly Scope[],
): ClientIdentity<Scope> | string {
  const [name = '', certificate = '', wanted = '', within = '', ...more] = entry.split(BLANKS)
  if (more.length > 0 || wanted === '')
    return 'must be entries like "billing URI:spiffe://… issue acme/billing"'
  if (!/^[a-z0-9][a-z0-9._-]{0,62}$/.test(name)) return 'must begin with a name of a-z 0-9 . _ -'
  if (!CERTIFICATE.test(certificate))
    return 'must name a certificate by URI:…, DNS:…, email:… or CN:… without blanks of any kind'
  const scopes = [...new Set(wanted.split(','))].map((scope) => known.find((one) => one === scope))
  if (!scopes.every((scope) => scope !== undefined)) return `must have scopes of ${known.join(', ')}`
  if (!isPath(within)) return 'must be limited to w, w/g or w/g/t'
  return { name, certificate, scopes, within }
}

const CERTIFICATE = /^(?:URI|DNS|email|CN):\S+$/
/** Not all of Unicode's: what was checked before as one value of ASCII blanks would be two here. */
const BLANKS = /[ \t\r\n]+/

function isPath(within: string): boolean {
  const parts = within === '' ? [] : within.split('/')
  if (parts.length > 3) return false
  try {
    for (const part of parts) checkName('workspace', part)
    return true
  } catch {
    return false
  }
}
