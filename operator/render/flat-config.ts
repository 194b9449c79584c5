/** Keys with dots, as in docs/configuration.md, however they were written: { server: { http: { port: 1 } } }. */
export function flatConfig(
  config: Readonly<Record<string, unknown>> = {},
  before = '',
): ReadonlyMap<string, unknown> {
  const settings = new Map<string, unknown>()
  for (const [name, value] of Object.entries(config)) {
    const key = before === '' ? name : `${before}.${name}`
    if (isSection(value)) for (const [path, leaf] of flatConfig(value, key)) settings.set(path, leaf)
    else settings.set(key, value)
  }
  return settings
}

function isSection(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
