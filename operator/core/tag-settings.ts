/**
 * Settings of a tag as the service has them, in one text that can be compared: its fields by dotted name, in order, each
 * with its JSON text. Kept for thousands of tags, so it is a text and no tree.
 */
export type TagSettings = string

export function tagSettings(fields: Readonly<Record<string, unknown>>): TagSettings {
  const flat = [...leaves('', fields)].toSorted(([a], [b]) => (a < b ? -1 : 1))
  return JSON.stringify(Object.fromEntries(flat))
}

/**
 * What of `seen` is not as it was `declared`, in words. A field that only one of the two has is no difference: the other was
 * told by a pod of another version, in the middle of a rollout.
 */
export function settingsDiffering(declared: TagSettings, seen: TagSettings): string[] {
  if (declared === seen) return []
  const wanted = parsed(declared)
  return Object.entries(parsed(seen)).flatMap(([name, is]) => {
    const was = wanted[name]
    if (was === undefined || was === is) return []
    // Whoever has it reads off any ID how many there were, and more people read events than tags.
    return name.endsWith('.shuffleKey')
      ? [`${name} was another one`]
      : [`${name} was ${is} in place of ${was}`]
  })
}

/** Fields whose dotted name begins with `prefix`, without it, with their JSON texts. */
export function settingsBelow(settings: TagSettings, prefix: string): (readonly [string, string])[] {
  return Object.entries(parsed(settings)).flatMap(([name, value]) =>
    name.startsWith(prefix) ? [[name.slice(prefix.length), value] as const] : [],
  )
}

function* leaves(path: string, value: unknown): Generator<readonly [string, string]> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) yield [path, JSON.stringify(value)]
  else
    for (const [name, inner] of Object.entries(value))
      yield* leaves(path === '' ? name : `${path}.${name}`, inner)
}

function parsed(settings: TagSettings): Readonly<Record<string, string>> {
  return JSON.parse(settings) as Readonly<Record<string, string>>
}
