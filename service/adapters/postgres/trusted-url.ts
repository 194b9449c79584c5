/**
 * The same URL, with a file of authorities that the server's certificate must be signed by, and the host it must name. What the URL
 * says of these itself stands.
 */
export function trustedUrl(url: string, caFile: string): string {
  const added = [
    ...(says(url, 'sslmode') ? [] : ['sslmode=verify-full']),
    ...(says(url, 'sslrootcert') ? [] : [`sslrootcert=${encodeURIComponent(caFile)}`]),
  ]
  if (added.length === 0) return url
  // Not through URL: it would write passwords in another way.
  return `${url}${url.includes('?') ? '&' : '?'}${added.join('&')}`
}

function says(url: string, name: string): boolean {
  return new RegExp(`[?&]${name}=`).test(url)
}
