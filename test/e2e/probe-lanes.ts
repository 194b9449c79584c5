import { Agent } from 'node:http'
import { credentials } from '@grpc/grpc-js'
import { GrpcCaller, type StreamTalk } from './ask-grpc.ts'
import { askIds } from './ask-ids.ts'
import { RespCaller, type RespTarget } from './ask-resp.ts'
import { INGRESS_HOST } from './manifests.ts'
import type { ProbeTarget } from './probe-target.ts'

/** One caller: asks one question at a time. */
export interface Lane {
  readonly ask: (tag: string, talk: StreamTalk) => Promise<void>
  readonly close: () => void
}

export const LANES = [
  'http kept 1',
  'http kept 2',
  'http kept 3',
  'http new',
  'https new',
  'ingress kept',
  'ingress new',
  'grpc 1',
  'grpc 2',
  'grpc stream',
  'resp kept',
  'resp new',
] as const

export function openLane(name: (typeof LANES)[number], target: ProbeTarget): Lane {
  const http = `http://${target.host}:8080`
  switch (name) {
    case 'http kept 1':
    case 'http kept 2':
    case 'http kept 3':
      return kept(http, target)
    case 'http new':
      return fresh((tag) => askIds({ origin: http, tag, key: target.key, agent: false }))
    case 'https new':
      return fresh((tag) =>
        askIds({
          origin: `https://${target.host}:8443`,
          tag,
          key: target.key,
          agent: false,
          tls: { ca: target.ca, servername: target.serverName },
        }),
      )
    case 'ingress kept':
      return kept(`http://${target.ingress}`, target, INGRESS_HOST)
    case 'ingress new':
      return fresh((tag) =>
        askIds({
          origin: `http://${target.ingress}`,
          host: INGRESS_HOST,
          tag,
          key: target.key,
          agent: false,
        }),
      )
    case 'grpc 1':
    case 'grpc 2':
      return grpc(target, async (caller, tag, { take }) => take(await caller.one(tag)))
    case 'grpc stream':
      return grpc(target, (caller, tag, talk) => caller.stream(tag, MESSAGES, talk))
    case 'resp kept':
      return respKept({ ...target, port: 6399 })
    case 'resp new':
      return respNew({ ...target, port: 6399 })
  }
}

/** One connection, until the server ends it. */
function kept(origin: string, { key }: ProbeTarget, host?: string): Lane {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  return {
    ask: async (tag, { take }) => {
      const { ids } = await askIds({ origin, tag, key, agent, ...(host === undefined ? {} : { host }) })
      take(ids)
    },
    close: () => agent.destroy(),
  }
}

/** A connection for each question, and so a new choice among the pods. */
function fresh(ask: (tag: string) => Promise<{ readonly ids: readonly string[] }>): Lane {
  return { ask: async (tag, { take }) => take((await ask(tag)).ids), close: () => {} }
}

function grpc(
  { host, key }: ProbeTarget,
  ask: (caller: GrpcCaller, tag: string, talk: StreamTalk) => Promise<void>,
): Lane {
  const address = `${host}:50051`
  const caller = new GrpcCaller({ address, key, credentials: credentials.createInsecure() })
  return { ask: (tag, talk) => ask(caller, tag, talk), close: () => caller.close() }
}

/** A Redis client: one connection until the server ends it between commands, which is no failure. */
export function respKept(target: RespTarget): Lane {
  const caller = new RespCaller(target)
  return { ask: async (tag, { take }) => take(await caller.one(tag)), close: () => caller.close() }
}

/** A Redis client for each question. */
export function respNew(target: RespTarget): Lane {
  return fresh(async (tag) => {
    const caller = new RespCaller(target)
    try {
      return { ids: await caller.one(tag) }
    } finally {
      caller.close()
    }
  })
}

/** Half a minute: longer than any pod takes to end. */
const MESSAGES = 200
