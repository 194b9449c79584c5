import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Redis } from 'ioredis'

/** redis-server without persistence and without a key: the floor of what the Redis protocol costs here. */
export interface RedisFloor {
  readonly process: ChildProcess
  readonly port: number
  readonly version: string
  end(): Promise<void>
}

/** undefined, and a line that says so, where there is none. */
export async function redisFloor(): Promise<RedisFloor | undefined> {
  const version = await installedVersion()
  if (version === undefined) {
    console.log('there is no redis-server (apt-get install redis-server)')
    return undefined
  }
  const folder = mkdtempSync(join(tmpdir(), 'idgen-bench-redis-'))
  const port = await freePort()
  const settings = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder]
  const child = spawn('redis-server', [...settings, '--save', '', '--appendonly', 'no'], { stdio: 'ignore' })
  const end = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      const gone = once(child, 'exit')
      child.kill()
      await gone
    }
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    await answered(port)
    return { process: child, port, version, end }
  } catch (error) {
    await end()
    throw error
  }
}

async function installedVersion(): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)('redis-server', ['--version'])
    return /v=([\d.]+)/.exec(stdout)?.[1] ?? 'unknown'
  } catch {
    return undefined
  }
}

/** Five seconds at most: a hundred tries. */
async function answered(port: number): Promise<void> {
  const redis = new Redis({ port, retryStrategy: (times) => (times < 100 ? 50 : null) })
  redis.on('error', () => undefined)
  try {
    await redis.ping()
  } finally {
    redis.disconnect()
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  server.close()
  await once(server, 'close')
  return port
}
