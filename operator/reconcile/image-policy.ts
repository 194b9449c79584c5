/**
 * Whether an image may run here. An entry that ends with "/" allows everything below it; any other allows that
 * repository with whatever tag or digest, or, where it has one itself, that very image.
 */
export function imageAllowed(image: string, allowed: readonly string[]): boolean {
  if (allowed.length === 0) return true
  return allowed.some(
    (entry) =>
      image === entry ||
      (image.startsWith(entry) && (entry.endsWith('/') || /^[:@][^/]*$/.test(image.slice(entry.length)))),
  )
}
