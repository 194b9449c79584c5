import { CallStatus, type Method, type UnaryMethod } from './call.ts'
import { STATUS } from './status-code.ts'
import type { UnaryHandler } from './unary.ts'

/** A method as the generated code describes it. */
interface MethodDefinition<Q, A> {
  readonly path: string
  readonly requestDeserialize: (bytes: Buffer) => Q
  readonly responseSerialize: (value: A) => Uint8Array
}

/** Of each method of a generated service: what answers it. */
export type Handlers<S> = {
  readonly [K in keyof S]: S[K] extends MethodDefinition<infer Q, infer A> ? UnaryHandler<Q, A> : never
}

/** The methods of a service with their generated codecs, for calls whose cost nobody counts. */
export function unaryMethods<S extends Readonly<Record<string, { readonly path: string }>>>(
  service: S,
  handlers: Handlers<S>,
): UnaryMethod[] {
  return Object.entries(service).map(([name, definition]) => {
    const { path, requestDeserialize, responseSerialize } = definition as MethodDefinition<unknown, unknown>
    const handle = (handlers as Readonly<Record<string, UnaryHandler<unknown, unknown>>>)[name]
    if (handle === undefined) throw new TypeError(`nothing answers ${path}`)
    return {
      path,
      answer: async (message, call) =>
        responseSerialize(await handle(decoded(requestDeserialize, message), call)),
    }
  })
}

/** @throws CallStatus for bytes that are no such message */
export function decoded<Q>(deserialize: (bytes: Buffer) => Q, message: Uint8Array): Q {
  try {
    // The generated code keeps parts of it, and these bytes are written over.
    return deserialize(Buffer.from(message))
  } catch (thrown) {
    throw new CallStatus(STATUS.INTERNAL, `The request message cannot be read: ${(thrown as Error).message}`)
  }
}

export function methodTable(...groups: readonly (readonly Method[])[]): ReadonlyMap<string, Method> {
  return new Map(groups.flat().map((method) => [method.path, method]))
}
