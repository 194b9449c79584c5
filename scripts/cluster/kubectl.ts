import { clientProgram } from './programs.ts'
import { type CommandOptions, runCommand } from './run-command.ts'
import { targetKubeconfig } from './target.ts'

let found: string | undefined

/** Runs kubectl against the cluster; resolves with what it printed. */
export function kubectl(args: readonly string[], options: CommandOptions = {}): Promise<string> {
  found ??= clientProgram('kubectl')
  // By the environment: a user's KUBECONFIG may name several files.
  const env = { KUBECONFIG: targetKubeconfig(), ...options.env }
  return runCommand(found, args, { ...options, env })
}
