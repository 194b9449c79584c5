/**
 * The same URL, with a file of authorities that the server's certificate must be signed by, and the host it must name. What the URL
 * says of these itself stands; that it says nothing weaker was checked before (config/database-trust.ts).
 */
export function trustedUrl(url: string, caFile: string): string {
  const trusted = new URL(asDriverReads(url))
  const { searchParams } = trusted
  setUnlessSaid(searchParams, 'sslmode', 'verify-full')
  setUnlessSaid(searchParams, 'sslrootcert', caFile)
  // + means a blank to few who read URLs. A plus itself is written %2B here.
  trusted.search = searchParams.toString().replaceAll('+', '%20')
  return trusted.href
}

/** With nothing behind the name it says nothing; of several the driver takes the last. */
function setUnlessSaid(params: URLSearchParams, name: string, value: string): void {
  if ((params.getAll(name).at(-1) ?? '') === '') params.set(name, value)
}

/**
 * Where a blank or a stray % stands in a URL, pg-connection-string writes all of it anew, and also what stands in it rightly.
 * Done here in its way, before anything is added, because a file's name would become another by it. What is left over,
 * at the end, it would find as soon as something follows.
 */
function asDriverReads(url: string): string {
  const written = / |%[^a-f0-9]|%[a-f0-9][^a-f0-9]/i.test(url)
    ? encodeURI(url).replaceAll(/%25(\d\d)/g, '%$1')
    : url
  return written.replace(/%(?=[a-f0-9]?$)/i, '%25')
}
