import validatorSelector from '@fastify/ajv-compiler'
import serializerSelector from '@fastify/fast-json-stringify-compiler'

type BuildSerializer = ReturnType<typeof serializerSelector>
type BuildValidator = ReturnType<typeof validatorSelector>
type Schemas = Readonly<Record<string, object>>
type Compile<Route, Compiled> = (route: Route) => Compiled

/**
 * Fastify's own serializers of answers, each compiled once: most answers of most routes are the same few problems, and
 * fastify would compile every one of them anew, checking all shared schemas each time (a third of the time of a start).
 */
export const buildSerializers: BuildSerializer = (shared, options) =>
  once(SERIALIZERS, shared, options, (needed) => serializersOf(needed, options))

/**
 * Fastify's own validators of requests, each compiled once: the 74 of a server are 19 different ones. A validator leaves
 * its errors on itself, and fastify takes them before anything else runs: servers of one thread may share it. Given a
 * builder, fastify no longer lowers the names in a schema of request headers; no route has one.
 */
export const buildValidators: BuildValidator = (shared, options) =>
  once(VALIDATORS, shared, options, (needed) => validatorsOf(needed, options))

const serializersOf = serializerSelector()
const validatorsOf = validatorSelector()

/** For all servers of a process: what a schema compiles to depends on the schema alone. */
const SERIALIZERS = new Map<string, ReturnType<ReturnType<BuildSerializer>>>()
const VALIDATORS = new Map<string, ReturnType<ReturnType<BuildValidator>>>()
/** Schemas are constants of the code, a few hundred; above this something makes them anew, and they are not kept. */
const COMPILED_MAX = 2000

/** Compiles what is not in `known`, with those of the shared schemas that it needs. */
function once<Route, Compiled>(
  known: Map<string, Compiled>,
  shared: unknown,
  options: unknown,
  compilerWith: (needed: Schemas) => Compile<Route, Compiled>,
): Compile<Route, Compiled> {
  return (route) => {
    const { schema } = route as { readonly schema?: unknown }
    const needed = referenced(schema, (shared ?? {}) as Schemas)
    const key = JSON.stringify([schema, needed, options])
    const compiled = known.get(key) ?? compilerWith(needed)(route)
    if (known.size < COMPILED_MAX) known.set(key, compiled)
    return compiled
  }
}

/** Of the shared schemas those that `schema` names, or that one of these names. */
function referenced(schema: unknown, shared: Schemas): Record<string, object> {
  const needed: Record<string, object> = {}
  const look = (text: string): void => {
    for (const [, id = ''] of text.matchAll(REFERENCE)) {
      const named = Object.hasOwn(shared, id) ? shared[id] : undefined
      if (id in needed || named === undefined) continue
      needed[id] = named
      look(JSON.stringify(named))
    }
  }
  look(JSON.stringify(schema))
  return needed
}

/** `"$ref":"Problem#"`; one within the same schema (`#/…`) names nothing that is shared. */
const REFERENCE = /"\$ref":"([^"#]+)/g
