import { CallStatus, type Method, type UnaryMethod } from './call.ts'
import { STATUS } from './status-code.ts'
import type { UnaryHandler } from './unary.ts'

/** A method as the generated code describes it. */
interface MethodDefinition<Q, A> {
  readonly name: string
  readonly requestType: { decode(bytes: Uint8Array): Q }
  readonly responseType: { encode(value: A): { finish(): Uint8Array } }
}

/** A service as the generated code describes it. */
interface ServiceDefinition<M> {
  readonly fullName: string
  readonly methods: M
}

/** Of each method of a generated service: what answers it. */
export type Handlers<M> = {
  readonly [K in keyof M]: M[K] extends MethodDefinition<infer Q, infer A> ? UnaryHandler<Q, A> : never
}

/** The methods of a service with their generated codecs, for calls whose cost nobody counts. */
export function unaryMethods<M extends object>(
  { fullName, methods }: ServiceDefinition<M>,
  handlers: Handlers<M>,
): UnaryMethod[] {
  return Object.entries(methods as Record<string, MethodDefinition<unknown, unknown>>).map(
    ([key, method]) => {
      const { name, requestType, responseType } = method
      const path = `/${fullName}/${name}`
      const handle = (handlers as Readonly<Record<string, UnaryHandler<unknown, unknown>>>)[key]
      if (handle === undefined) throw new TypeError(`nothing answers ${path}`)
      return {
        path,
        answer: async (message, call) => {
          const request = decoded((bytes) => requestType.decode(bytes), message)
          return responseType.encode(await handle(request, call)).finish()
        },
      }
    },
  )
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
