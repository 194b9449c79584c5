import type { Rendered } from './markdown.ts'

/** An address of another host, and the documents that link to it. */
export interface ExternalLink {
  readonly address: string
  readonly pages: readonly string[]
}

/** Each once, in the order of the addresses; not those of the reader's own machine. */
export function externalLinks(pages: ReadonlyMap<string, Rendered>): ExternalLink[] {
  const found = new Map<string, string[]>()
  for (const [path, { elsewhere }] of pages)
    for (const address of elsewhere)
      if (!OWN_MACHINE.test(address)) found.set(address, [...(found.get(address) ?? []), path])
  return [...found]
    .map(([address, from]) => ({ address, pages: [...new Set(from)] }))
    .sort((a, b) => (a.address < b.address ? -1 : 1))
}

/** What can be told without asking anybody, as "address (pages): why". */
export function linkFaults(links: readonly ExternalLink[]): string[] {
  const first = new Map<string, string>()
  return links.flatMap(({ address, pages }) => {
    const place = `${address} (${pages.join(', ')})`
    if (!URL.canParse(address)) return [`${place}: is no address`]
    const { protocol, hostname, host, pathname, search, hash } = new URL(address)
    const faults: string[] = []
    if (protocol !== 'https:') faults.push(`${place}: must be https`)
    if (hostname.split('.').at(-1) === 'example') faults.push(`${place}: an example is no link, but code`)
    // Else one of them is mended one day, and the other is not.
    const same = `${host}${pathname.replace(/\/$/, '')}${search}${hash}`.toLowerCase()
    const other = first.get(same)
    if (other === undefined) first.set(same, address)
    else faults.push(`${place}: is ${other}, written in another way`)
    return faults
  })
}

/** What a page shows of a service that its reader runs. */
const OWN_MACHINE = /^http:\/\/(?:localhost|127\.0\.0\.1)(?::\d+)?(?:\/|$)/
