import type { Connect } from './connection.ts'
import { CyclicRequests } from './cyclic-requests.ts'
import { HttpAnswers } from './http-answers.ts'
import type { LoadPlan } from './load-plan.ts'
import { RespAnswers } from './resp-answers.ts'
import { openSocket, type SocketProtocol } from './socket-connection.ts'

/** The lanes of a thread: how each connects, and how many requests may be under way on it. */
export interface Lanes {
  readonly connects: readonly Connect[]
  readonly depth: number
  close(): void
}

export async function lanesOf(plan: LoadPlan): Promise<Lanes> {
  const { protocol } = plan.target
  if (protocol === 'http') return socketLanes(plan, httpProtocol(plan))
  if (protocol === 'resp') return socketLanes(plan, respProtocol(plan))
  // Only then: the messages' code has no place in the other threads.
  const { streamLanes, unaryLanes } = await import('./grpc-lanes.ts')
  return protocol === 'grpc' ? unaryLanes(plan) : streamLanes(plan)
}

function socketLanes(plan: LoadPlan, protocol: () => SocketProtocol): Lanes {
  const connect: Connect = (events) => openSocket(plan.target, protocol(), events)
  return {
    connects: Array.from({ length: plan.connections }, () => connect),
    depth: plan.pipeline,
    close: () => {},
  }
}

function httpProtocol(plan: LoadPlan): () => SocketProtocol {
  const requests = new CyclicRequests(
    plan.tags.map((tag) => httpRequest(plan, tag)),
    plan.pipeline,
  )
  return () => ({ requests, reader: new HttpAnswers(), greeting: undefined, endsBehindAnswers: false })
}

function httpRequest({ target, key, batch, form, sendCount }: LoadPlan, tag: string): string {
  const [workspace = '', group = '', name = ''] = tag.split('/')
  const body = batch === 1 && form === 'text' && sendCount !== true ? '' : bodyOf(batch, form)
  return [
    `POST /v1/workspaces/${workspace}/groups/${group}/tags/${name}/ids HTTP/1.1`,
    `host: ${target.host.includes(':') ? `[${target.host}]` : target.host}:${target.port}`,
    ...(key === '' ? [] : [`authorization: Bearer ${key}`]),
    ...(body === '' ? [] : ['content-type: application/json']),
    `content-length: ${body.length}`,
    '',
    body,
  ].join('\r\n')
}

function bodyOf(count: number, form: LoadPlan['form']): string {
  return JSON.stringify({ count, ...(form === 'runs' ? { as: form } : {}) })
}

function respProtocol(plan: LoadPlan): () => SocketProtocol {
  const { tags, key, pipeline, batch } = plan
  const requests = new CyclicRequests(
    tags.map((tag) => command(...idCommand(plan, tag))),
    pipeline,
  )
  const greeting = key === '' ? undefined : command('AUTH', key)
  return () => ({ requests, reader: new RespAnswers(batch), greeting, endsBehindAnswers: true })
}

function idCommand({ command: name, batch }: LoadPlan, tag: string): string[] {
  if (name === 'next') return ['IDGEN.NEXT', tag]
  return batch === 1 ? ['INCR', tag] : ['INCRBY', tag, String(batch)]
}

function command(...words: readonly string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`
}
