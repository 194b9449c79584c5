import serializerSelector from '@fastify/fast-json-stringify-compiler'

type BuildSerializer = ReturnType<typeof serializerSelector>
type Compile = ReturnType<BuildSerializer>
type Serializer = ReturnType<Compile>
type Schemas = Readonly<Record<string, unknown>>

/**
 * Fastify's own serializers of answers, each compiled once: most answers of most routes are the same few problems, and
 * fastify would compile every one of them anew, checking all shared schemas each time (a third of the time of a start).
 */
export const buildSerializers: BuildSerializer = (externalSchemas, options) => {
  const shared = (externalSchemas ?? {}) as Schemas
  return (route) => {
    const needed = referenced(route.schema, shared)
    const key = JSON.stringify([route.schema, needed, options])
    const known = COMPILED.get(key)
    if (known !== undefined) return known
    const serializer = compilerOf(needed, options)(route)
    if (COMPILED.size < COMPILED_MAX) COMPILED.set(key, serializer)
    return serializer
  }
}

const compilerOf = serializerSelector()

/** For all servers of a process: what a schema compiles to depends on the schema alone. */
const COMPILED = new Map<string, Serializer>()
/** Schemas are constants of the code, a few hundred; above this something makes them anew, and they are not kept. */
const COMPILED_MAX = 2000

/** Of the shared schemas those that `schema` names, or that one of these names. */
function referenced(schema: unknown, shared: Schemas): Record<string, unknown> {
  const needed: Record<string, unknown> = {}
  const look = (text: string): void => {
    for (const [, id = ''] of text.matchAll(REFERENCE)) {
      if (id in needed || !Object.hasOwn(shared, id)) continue
      needed[id] = shared[id]
      look(JSON.stringify(shared[id]))
    }
  }
  look(JSON.stringify(schema))
  return needed
}

/** `"$ref":"Problem#"`; one within the same schema (`#/…`) names nothing that is shared. */
const REFERENCE = /"\$ref":"([^"#]+)/g
