import { gzipSync } from 'node:zlib'
import {
  DecodeRequest,
  GenerateBatchRequest,
  GenerateRequest,
  type IdFormat,
} from '../../service/grpc/generated/idgen/v1/id_service.ts'
import {
  CatalogServiceService,
  HealthService,
  IdServiceService,
  KeyServiceService,
  NodeServiceService,
} from '../fixtures/grpc-stubs.ts'
import type { Prng } from '../simulation/world/prng.ts'
import { garbage, mutated } from './mutated-bytes.ts'

/** Calls with faults: in the path, in the message, in what stands before it. */

const SERVICES = [
  IdServiceService,
  CatalogServiceService,
  KeyServiceService,
  NodeServiceService,
  HealthService,
]
/** Well formed by chance, and it would be right to do it: the polite clients' tag would be gone. */
const DELETE_TAG = CatalogServiceService.deleteTag.path
const PATHS: readonly string[] = [
  ...SERVICES.flatMap((stubs) =>
    Object.values<{ readonly path: string }>(stubs).map(({ path }) => path),
  ).filter((path) => path !== DELETE_TAG),
  '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo',
]
const ODD_PATHS = [
  '/',
  '//',
  '/idgen.v1.IdService/',
  '/idgen.v1.IdService/../x',
  '/%00',
  '/__proto__/x',
  '/x'.repeat(500),
]

const TAGS = [
  'demo/load/orders',
  'demo/load/uuids',
  'demo/load/none',
  '',
  '../..',
  '\u0000',
  'x'.repeat(9000),
]
const COUNTS = [0, 1, 10, 1000, 2 ** 31, 2 ** 32 - 1]

export function anyPath(chance: Prng): string {
  // Those that issue are asked most.
  if (chance.chance(0.5)) return chance.pick(PATHS.slice(0, 4)) ?? ''
  return (chance.chance(0.8) ? chance.pick(PATHS) : chance.pick(ODD_PATHS)) ?? ''
}

/** What follows the headers: messages with their prefixes, some of them faulty. */
export function anyBody(chance: Prng): Buffer {
  return Buffer.concat(
    Array.from({ length: chance.pick([1, 1, 1, 1, 0, 2, 3]) ?? 1 }, () =>
      prefixed(anyMessage(chance), chance),
    ),
  )
}

function anyMessage(chance: Prng): Buffer {
  if (chance.chance(0.1)) return garbage(chance, 300)
  const tag = chance.pick(TAGS) ?? ''
  const count = chance.pick(COUNTS) ?? 0
  const encoded = [
    () => GenerateRequest.encode({ tag }),
    () => GenerateBatchRequest.encode({ tag, count, format: chance.int(0, 9) as IdFormat }),
    () => DecodeRequest.encode({ id: chance.pick(['1', '-1', '1e400', '9'.repeat(400), 'x']) ?? '' }),
  ]
  const bytes = (chance.pick(encoded) ?? encoded[0])?.().finish() ?? Buffer.alloc(0)
  return chance.chance(0.6) ? mutated(bytes, chance) : Buffer.from(bytes)
}

function prefixed(message: Buffer, chance: Prng): Buffer {
  const isPacked = chance.chance(0.1)
  const sent = isPacked ? gzipSync(message) : message
  const prefix = Buffer.alloc(5)
  prefix[0] = isPacked ? 1 : 0
  prefix.writeUInt32BE(sent.length, 1)
  // Says more or less than there is, or that what follows is compressed.
  return Buffer.concat([chance.chance(0.1) ? mutated(prefix, chance) : prefix, sent])
}

/** For a call of `path`. */
export function anyHeaders(chance: Prng, key: string, path: string): Record<string, string> {
  const headers: Record<string, string> = { 'content-type': 'application/grpc', te: 'trailers' }
  if (chance.chance(0.85)) headers['authorization'] = `Bearer ${key}`
  if (chance.chance(0.15)) headers['grpc-encoding'] = chance.pick(['gzip', 'identity', 'br', '']) ?? ''
  if (chance.chance(0.15))
    headers['grpc-timeout'] = chance.pick(['1S', '0n', '-1S', '99999999999H', 'x', '']) ?? ''
  if (chance.chance(0.05))
    headers['content-type'] = chance.pick(['text/html', 'application/grpc+json', '']) ?? ''
  if (chance.chance(0.05)) headers['x-odd'] = 'y'.repeat(chance.int(0, 9000))
  // Else a watch goes on for as long as its client likes.
  if (path === HealthService.watch.path) headers['grpc-timeout'] = '50m'
  return headers
}
