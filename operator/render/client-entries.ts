import type { RevisionInputs } from './revision.ts'

type Clients = NonNullable<RevisionInputs['clients']>

/**
 * As the service reads them: `billing URI:spiffe://example.org/billing issue acme/billing; …`. Who could be read in another way
 * stays out: blank and semicolon part the entries, so that such a certificate would bring scopes of its own.
 */
export function clientsText(clients: Clients): string {
  return letIn(clients)
    .map(({ name, certificate, scopes, within }) =>
      [name, certificate, scopes.join(','), ...(within === undefined ? [] : [within])].join(' '),
    )
    .join('; ')
}

/** Whom pods made of it let in. */
export function letIn({ allowed }: Clients): Clients['allowed'] {
  return allowed.filter(({ certificate }) => READABLE.test(certificate))
}

/** @throws an Error that names every certificate that stays out: definitions of an older release let it in. */
export function checkClients(clients: Clients | undefined): void {
  const bad = (clients?.allowed ?? []).filter(({ certificate }) => !READABLE.test(certificate))
  if (bad.length > 0)
    throw new Error(
      `spec.auth.clients: ${bad.map(({ certificate }) => JSON.stringify(certificate)).join(', ')} can name no certificate; ` +
        'give URI:…, DNS:…, email:… or CN:… with printable ASCII without blank and semicolon',
    )
}

/**
 * That of crds/idgen.io_idgenerators.yaml. Not by \s: to the API server only ASCII has blanks, to the service all of Unicode.
 */
const READABLE = /^(?:URI|DNS|email|CN):[!-:<-~]+$/
