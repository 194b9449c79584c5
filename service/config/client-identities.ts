import { type ClientIdentity, parseCertificates, parseClientIdentities } from '../core/client-identities.ts'
import type { FieldFault } from '../core/errors.ts'
import { SCOPES, type Scope } from '../ports/api-key-store.ts'
import type { Config, ConfigValues, KeyPath } from './keys.ts'

/** Who may come with a certificate; nobody where no authority for them is set. */
export function clientIdentities({ auth }: Config): readonly ClientIdentity<Scope>[] {
  const parsed = parseClientIdentities(auth.clients, SCOPES)
  const refused = parseCertificates(auth.refusedClients)
  if (!('identities' in parsed) || !('certificates' in refused)) return []
  return parsed.identities.filter(({ certificate }) => !refused.certificates.has(certificate))
}

/** An identity that was misspelt must not be found out by a caller that is refused, nor a refusal by one that is not. */
export function clientFaults(values: ConfigValues): FieldFault[] {
  const parsed = parseClientIdentities(String(values.get(CLIENTS)), SCOPES)
  const refused = parseCertificates(String(values.get(REFUSED)))
  return [
    ...('fault' in parsed ? [{ path: CLIENTS, message: parsed.fault }] : []),
    ...('fault' in refused ? [{ path: REFUSED, message: refused.fault }] : []),
  ]
}

const CLIENTS: KeyPath = 'auth.clients'
const REFUSED: KeyPath = 'auth.refusedClients'
