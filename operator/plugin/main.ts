import { SystemClock } from '../runtime/clock.ts'
import { HttpKubeClient } from '../runtime/http-kube-client.ts'
import type { KubeConnection } from '../runtime/kube-connection.ts'
import { loadConnection, loadNamespace } from '../runtime/kubeconfig.ts'
import { PluginError } from './plugin-error.ts'
import { pluginProgram, type TargetOptions } from './plugin-program.ts'
import type { PluginWorld } from './plugin-world.ts'
import { terminalScreen } from './terminal-screen.ts'

/** Closed at the end: what is kept open between calls would hold it up. */
const opened: KubeConnection[] = []

/** `kubectl idgen`: the only reader of the environment and of the terminal. */
async function open(options: TargetOptions): Promise<PluginWorld> {
  // As kubectl: it counts for everything, also for logins by @kubernetes/client-node.
  if (options.kubeconfig !== undefined) process.env['KUBECONFIG'] = options.kubeconfig
  const clock = new SystemClock()
  const connection = await loadConnection(process.env, clock, options.context).catch((thrown: unknown) => {
    throw new PluginError(thrown instanceof Error ? thrown.message : String(thrown), { cause: thrown })
  })
  opened.push(connection)
  const ofContext = (await loadNamespace(process.env, options.context)) ?? 'default'
  return {
    client: new HttpKubeClient(connection, 'kubectl-idgen'),
    namespace: options.namespace ?? ofContext,
    flags: repeated(options),
    clock,
    screen: terminalScreen(process, process.env, options.color),
  }
}

function repeated({ namespace, context, kubeconfig }: TargetOptions): string {
  return [
    namespace === undefined ? '' : ` -n ${namespace}`,
    context === undefined ? '' : ` --context ${context}`,
    kubeconfig === undefined ? '' : ` --kubeconfig ${kubeconfig}`,
  ].join('')
}

function endSignal(): AbortSignal {
  const abort = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const)
    process.once(name, () => {
      abort.abort()
      // Whatever else is going on, Ctrl-C ends it.
      setTimeout(() => process.exit(130), END_MAX_MS).unref()
    })
  return abort.signal
}

const END_MAX_MS = 200

// `kubectl idgen status | head`: the reader has seen enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
})

// The clock's timers keep no process alive, and while one waits for the operator there may be nothing else.
const alive = setInterval(() => {}, 60_000)
try {
  await pluginProgram(open, endSignal()).parseAsync()
} catch (thrown) {
  const known = thrown instanceof PluginError || (thrown instanceof Error && thrown.name === 'KubeError')
  const text =
    thrown instanceof Error ? (known ? thrown.message : (thrown.stack ?? thrown.message)) : String(thrown)
  process.stderr.write(`error: ${text}\n`)
  process.exitCode = 1
}
clearInterval(alive)
for (const connection of opened) connection.close()
