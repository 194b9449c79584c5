import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { CHECKOUT } from '../../../scripts/cluster/layout.ts'
import { clientProgram } from '../../../scripts/cluster/programs.ts'
import { runCommand } from '../../../scripts/cluster/run-command.ts'
import { targetKubeconfig } from '../../../scripts/cluster/target.ts'
import type { StatusReport } from '../../../service/app/instance-status.ts'
import { boundToUs } from '../../fixtures/bound-child.ts'
import { NAMESPACE } from '../kube-api.ts'
import type { Stage } from '../stage.ts'
import { eventually } from '../waiting.ts'

const RUNBOOKS = 'docs/runbooks/README.md'

/**
 * What every runbook begins with: the metrics port of a pod is brought here, and the process says what is wrong. Both lines as
 * they stand there, but for the names of namespace and pod.
 */
export async function runbooksReachAPod({ api }: Stage): Promise<void> {
  const text = readFileSync(join(CHECKOUT, RUNBOOKS), 'utf8')
  const forward = lineOf(text, /^kubectl .* port-forward .*$/m)
  const ask = lineOf(text, /^curl .*\/status$/m)
  const { metadata } = (await api.readyPods())[0] ?? {}
  assert.ok(metadata !== undefined, 'a pod is ready')
  const [, ...args] = forward.replace('NAMESPACE', NAMESPACE).replace('POD', metadata.name).split(' ')
  const { file, args: bound } = boundToUs({ file: clientProgram('kubectl'), args })
  const child = spawn(file, [...bound], {
    env: { ...process.env, KUBECONFIG: targetKubeconfig() },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended = once(child, 'close')
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (part: string) => (said += part))
  try {
    await eventually('kubectl forwards, or gives up', FORWARDS_MAX_S, () =>
      child.exitCode !== null || said.includes('Forwarding from') ? true : undefined,
    )
    assert.match(said, /^Forwarding from /, forward)
    const [program = '', ...asked] = ask.split(' ')
    const answer = await runCommand(program, asked, { limitMs: ANSWER_MAX_MS })
    const { summary, ports } = JSON.parse(answer) as Pick<StatusReport, 'summary' | 'ports'>
    assert.ok(summary.length > 0 && ports['metrics'] === 9464, answer)
  } finally {
    child.kill('SIGTERM')
    await ended
  }
}

function lineOf(text: string, pattern: RegExp): string {
  const found = pattern.exec(text)?.[0]
  assert.ok(found !== undefined, `${RUNBOOKS} has a line ${pattern}`)
  return found
}

const FORWARDS_MAX_S = 30
const ANSWER_MAX_MS = 10_000
