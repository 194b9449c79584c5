import type { IdGeneratorSpecAllowedNamespaces } from '../api/generated/id-generator.ts'

/** Where BizTags of a permitted namespace may have their tags; undefined: everywhere. */
export function allowedWorkspaces(
  allowed: IdGeneratorSpecAllowedNamespaces | undefined,
  generatorNamespace: string,
  namespace: string,
): readonly string[] | undefined {
  const entries = allowed?.workspaces ?? []
  const named = entries.find((entry) => entry.namespace === namespace)
  if (named !== undefined || namespace === generatorNamespace) return named?.workspaces
  return entries.find((entry) => entry.namespace === OTHERS)?.workspaces
}

const OTHERS = '*'

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
