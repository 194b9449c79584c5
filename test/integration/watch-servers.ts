import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { stringify } from 'yaml'
import { boundToUs, endAtExit } from '../fixtures/bound-child.ts'
import { freePort } from '../fixtures/free-ports.ts'
import { watchProgram } from './watch-programs.ts'

/** One series of an answer. */
export interface QueriedSeries {
  readonly metric: Readonly<Record<string, string>>
  /** Seconds since 1970, and the value as text. */
  readonly value: readonly [number, string]
}

/** The same over time. */
interface PastSeries {
  readonly metric: Readonly<Record<string, string>>
  readonly values: readonly QueriedSeries['value'][]
}

export interface PrometheusOptions {
  readonly folder: string
  /** As it is written to its file. */
  readonly config: object
  /** Series of the past, in the text format of OpenMetrics. */
  readonly past?: string
  /** What is off by default. */
  readonly features?: string
}

/** A trace beside a class of a histogram. */
export interface QueriedExemplar {
  readonly labels: Readonly<Record<string, string>>
  readonly value: string
}

/** A real Prometheus in a folder; ended after the test. */
export class PrometheusServer {
  readonly #origin: string

  private constructor(origin: string) {
    this.#origin = origin
  }

  static async start(
    t: TestContext,
    { folder, config, past, features }: PrometheusOptions,
  ): Promise<PrometheusServer> {
    const data = join(folder, 'prometheus')
    await mkdir(data)
    if (past !== undefined) {
      await writeFile(join(folder, 'past.txt'), past)
      const program = watchProgram('promtool') ?? ''
      const load = ['tsdb', 'create-blocks-from', 'openmetrics', join(folder, 'past.txt'), data]
      execFileSync(program, load, { stdio: 'pipe', timeout: START_LIMIT_MS })
    }
    const file = join(folder, 'prometheus.yaml')
    await writeFile(file, stringify(config))
    const port = await freePort()
    await startProgram(t, 'prometheus', `http://127.0.0.1:${port}/-/ready`, [
      `--config.file=${file}`,
      `--storage.tsdb.path=${data}`,
      `--web.listen-address=127.0.0.1:${port}`,
      ...(features === undefined ? [] : [`--enable-feature=${features}`]),
    ])
    return new PrometheusServer(`http://127.0.0.1:${port}`)
  }

  /** What the expression has now. @throws with what Prometheus says against it */
  async query(expression: string): Promise<readonly QueriedSeries[]> {
    return await this.#ask('query', { query: expression })
  }

  /** What it had, every second from one time to another. @throws as `query` */
  async queryRange(
    expression: string,
    fromSeconds: number,
    toSeconds: number,
  ): Promise<readonly PastSeries[]> {
    const range = { start: fromSeconds.toFixed(3), end: toSeconds.toFixed(3), step: '1' }
    return await this.#ask('query_range', { query: expression, ...range })
  }

  /** All that it kept of these series, of the last hour. */
  async exemplars(series: string): Promise<QueriedExemplar[]> {
    const now = Date.now() / 1000
    const range = { query: series, start: String(now - 3600), end: String(now + 60) }
    const answer = await fetch(`${this.#origin}/api/v1/query_exemplars?${new URLSearchParams(range)}`)
    const { data } = (await answer.json()) as { data: { exemplars: QueriedExemplar[] }[] }
    return data.flatMap(({ exemplars }) => exemplars)
  }

  async #ask<T>(path: string, parameters: Record<string, string>): Promise<readonly T[]> {
    const answer = await fetch(`${this.#origin}/api/v1/${path}`, {
      method: 'POST',
      body: new URLSearchParams(parameters),
    })
    const { error, data } = (await answer.json()) as { error?: string; data?: { result: readonly T[] } }
    if (data === undefined) throw new Error(`${parameters['query']}: ${error}`)
    return data.result
  }
}

/** A real Alertmanager on the configuration `text`; ended after the test. @returns its address */
export async function startAlertmanager(t: TestContext, folder: string, text: string): Promise<string> {
  const file = join(folder, 'alertmanager.yaml')
  await writeFile(file, text)
  const port = await freePort()
  await startProgram(t, 'alertmanager', `http://127.0.0.1:${port}/-/ready`, [
    `--config.file=${file}`,
    `--storage.path=${join(folder, 'alertmanager')}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--cluster.listen-address=',
  ])
  return `127.0.0.1:${port}`
}

async function startProgram(
  t: TestContext,
  name: 'prometheus' | 'alertmanager',
  ready: string,
  args: readonly string[],
): Promise<void> {
  const bound = boundToUs({ file: watchProgram(name) ?? name, args: [...args] })
  const child = spawn(bound.file, [...bound.args], { stdio: ['ignore', 'ignore', 'pipe'] })
  const exited = new Promise((resolve) => child.once('exit', resolve).once('error', resolve))
  if (child.pid !== undefined) endAtExit.remember(child.pid)
  t.after(async () => {
    child.kill('SIGKILL')
    await exited
    endAtExit.forget(child.pid ?? -1)
  })
  await untilReady(name, child, ready)
}

async function untilReady(name: string, child: ChildProcess, ready: string): Promise<void> {
  let said = ''
  child.stderr?.setEncoding('utf8').on('data', (part: string) => (said = `${said}${part}`.slice(-SAID_MAX)))
  const endsAtMs = Date.now() + START_LIMIT_MS
  for (;;) {
    const answer = await fetch(ready).catch(() => undefined)
    if (answer?.ok === true) return
    if (Date.now() > endsAtMs || child.exitCode !== null) throw new Error(`${name} did not start:\n${said}`)
    await delay(50)
  }
}

/** A start takes about a second; on a busy machine many. */
const START_LIMIT_MS = 30_000
/** Of what a server said, for the error of a start that failed. */
const SAID_MAX = 5000
