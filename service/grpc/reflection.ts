import type { Server, ServerDuplexStream } from '@grpc/grpc-js'
import { status } from '@grpc/grpc-js'
import { ReflectionService } from '@grpc/reflection'
import { FILE_DESCRIPTORS } from './generated/descriptor-set.ts'
import type { OpenStreams } from './open-streams.ts'

type ReflectionCall = ServerDuplexStream<unknown, unknown>
type PackageDefinition = ConstructorParameters<typeof ReflectionService>[0]

/**
 * grpc.reflection.v1 and v1alpha, so that grpcurl and its like work without the .proto files. The descriptors were
 * made at build time: nothing is parsed at start, and their comments are shown to people.
 */
export function addReflection(server: Server, streams: OpenStreams): void {
  const reflection = new ReflectionService(packageDefinition())
  reflection.addToServer({
    addService: (definition, handlers) => {
      server.addService(
        definition,
        Object.fromEntries(
          Object.entries(handlers).map(([name, handler]) => [name, bounded(handler, streams)]),
        ),
      )
    },
  })
}

/**
 * The library looks for `fileDescriptorProtos` in whatever it is given, and at nothing else. Those of health come
 * from our copy of its .proto: what the health library has of its own, Go clients refuse (an invalid map entry).
 */
function packageDefinition(): PackageDefinition {
  const fileDescriptorProtos = FILE_DESCRIPTORS.map((text) => Buffer.from(text, 'base64'))
  return {
    idgen: { format: 'Protocol Buffer 3 DescriptorProto', type: {}, fileDescriptorProtos },
  } as unknown as PackageDefinition
}

/**
 * The library answers as fast as requests come. Open to everybody, it would let a client that never reads fill the
 * memory with answers, so reading stops while they cannot be sent. And it never ends a stream by itself.
 */
function bounded(handler: unknown, streams: OpenStreams): (call: ReflectionCall) => void {
  return (call) => {
    const write = call.write.bind(call) as (message: unknown) => boolean
    call.write = (message: unknown): boolean => {
      const room = write(message)
      if (!room) call.pause()
      return room
    }
    call.on('drain', () => call.resume())
    const open = streams.add(() => {
      call.emit('error', { code: status.UNAVAILABLE, details: 'This server is shutting down.' })
    })
    call.on('close', () => open[Symbol.dispose]())
    ;(handler as (call: ReflectionCall) => void)(call)
  }
}
