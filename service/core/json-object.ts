/**
 * The fields of a JSON object that somebody else may have written; none where the text is not one. The caller checks
 * what each field is.
 */
export function jsonFields(text: string): Readonly<Record<string, unknown>> {
  try {
    const parsed: unknown = JSON.parse(text)
    const isObject = typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)
    return isObject ? { ...parsed } : {}
  } catch {
    return {}
  }
}
