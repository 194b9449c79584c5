import type { IdGeneratorSpecAllowedNamespaces } from '../api/generated/id-generator.ts'

/** `labels` of the namespace; undefined: it is not known, and has none. */
export function isAllowed(
  allowed: IdGeneratorSpecAllowedNamespaces | undefined,
  generatorNamespace: string,
  namespace: string,
  labels: Readonly<Record<string, string>> | undefined,
): boolean {
  if (namespace === generatorNamespace || allowed?.from === 'All') return true
  if (allowed?.from !== 'Selector') return false
  const wanted = Object.entries(allowed.selector ?? {})
  // An empty selector would be "all", which has a word of its own.
  return wanted.length > 0 && wanted.every(([name, value]) => labels?.[name] === value)
}
