import { isIPv4 } from 'node:net'

/**
 * What callers call the pods: the Services by their short and long names, what the resource adds, and the machine itself
 * (kubectl port-forward). Throws, naming what is no name.
 */
export function serverNames(
  generator: string,
  namespace: string,
  dnsNames: readonly string[],
): readonly string[] {
  const services = [generator, `${generator}-stable`, `${generator}-canary`].flatMap((service) =>
    ['', `.${namespace}`, `.${namespace}.svc`, `.${namespace}.svc.cluster.local`].map((end) => service + end),
  )
  const further = dnsNames.map((name) => name.toLowerCase())
  const bad = further.filter((name) => !isIPv4(name) && !(name.length <= 253 && DNS_NAME.test(name)))
  if (bad.length > 0)
    throw new Error(
      `spec.tls.dnsNames: ${bad.map((name) => `"${name}"`).join(', ')} can stand in no certificate; ` +
        'give DNS names (the first part may be *) or IPv4 addresses',
    )
  return [...new Set([...services, ...further, 'localhost', '127.0.0.1'])]
}

const LABEL = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?'
const DNS_NAME = new RegExp(`^(?:\\*\\.)?${LABEL}(?:\\.${LABEL})*$`)
