import { getCACertificates } from 'node:tls'
import { pemBlocks, readCertificate } from './key-pair.ts'

/** Of the authorities that this machine trusts the one at the end of a chain; PEM. undefined: it leads elsewhere. */
export function publicRoot(
  chain: string,
  trusted: () => readonly string[] = () => getCACertificates('default'),
): string | undefined {
  // The last one is the nearest to the root, or the root itself, which its own issuer is.
  const top = readCertificate(pemBlocks(chain).at(-1))
  if (top === undefined) return undefined
  const named = namedRoots(trusted()).get(top.issuer) ?? []
  return named.find((pem) => {
    const root = readCertificate(pem)
    return root !== undefined && top.verify(root.publicKey)
  })
}

/** By subject. */
function namedRoots(trusted: readonly string[]): RootsByName {
  const known = read.get(trusted)
  if (known !== undefined) return known
  const found = Map.groupBy(trusted, (pem) => readCertificate(pem)?.subject ?? '')
  read.set(trusted, found)
  return found
}

type RootsByName = ReadonlyMap<string, readonly string[]>
/** Hundreds of certificates are not read again for each question; Node gives out the same list each time. */
const read = new WeakMap<readonly string[], RootsByName>()
