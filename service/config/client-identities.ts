import { type ClientIdentity, parseClientIdentities } from '../core/client-identities.ts'
import type { FieldFault } from '../core/errors.ts'
import { SCOPES, type Scope } from '../ports/api-key-store.ts'
import type { Config, ConfigValues, KeyPath } from './keys.ts'

/** Who may come with a certificate; nobody where no authority for them is set. */
export function clientIdentities({ auth }: Config): readonly ClientIdentity<Scope>[] {
  const parsed = parseClientIdentities(auth.clients, SCOPES)
  return 'identities' in parsed ? parsed.identities : []
}

/** An identity that was misspelt must not be found out by a caller that is refused. */
export function clientFaults(values: ConfigValues): FieldFault[] {
  const parsed = parseClientIdentities(String(values.get(CLIENTS)), SCOPES)
  return 'fault' in parsed ? [{ path: CLIENTS, message: parsed.fault }] : []
}

const CLIENTS: KeyPath = 'auth.clients'
