import { Agent, request as httpRequest } from 'node:http'
import type { LoadResult, LoadRound } from './load-process.ts'

/** The same round with Node's own HTTP client: what a caller sees who is not a load generator. */
export async function runNodeHttp(round: LoadRound): Promise<LoadResult> {
  const callers = round.connections * round.pipeline
  const agent = new Agent({ keepAlive: true, maxSockets: callers })
  const micros: number[] = []
  const begin = performance.now()
  let left = round.requests
  await Promise.all(
    Array.from({ length: callers }, async () => {
      while (left > 0) {
        left -= 1
        const asked = performance.now()
        await ask(agent, round)
        micros.push((performance.now() - asked) * 1000)
      }
    }),
  )
  const ms = performance.now() - begin
  agent.destroy()
  micros.sort((a, b) => a - b)
  return { answers: micros.length, ms, medianMicros: micros[micros.length >> 1] ?? Number.NaN }
}

function ask(agent: Agent, { port, tag, key }: LoadRound): Promise<void> {
  const [workspace, group, name] = tag.split('/')
  const path = `/v1/workspaces/${workspace}/groups/${group}/tags/${name}/ids`
  const headers = { authorization: `Bearer ${key}`, 'content-length': 0 }
  return new Promise((resolve, reject) => {
    const sent = httpRequest(
      { host: '127.0.0.1', port, path, method: 'POST', agent, headers },
      (response) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (chunk: string) => (text += chunk))
        // Parsed, because the answers of the other clients are objects too when they arrive.
        response.on('end', () =>
          (JSON.parse(text) as { ids?: string[] }).ids?.length === 1 ? resolve() : reject(new Error(text)),
        )
      },
    )
    sent.on('error', reject)
    sent.end()
  })
}
