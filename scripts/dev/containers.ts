import { spawnSync } from 'node:child_process'
import { adminKey } from './admin-key.ts'
import { CHECKOUT, COMPOSE_FILE } from './places.ts'

/** Why containers cannot be used here; undefined: they can. `IDGEN_DEV=processes` asks not to. */
export function whyNoContainers(environment: NodeJS.ProcessEnv = process.env): string | undefined {
  if (environment['IDGEN_DEV'] === 'processes') return 'IDGEN_DEV=processes asks for processes'
  if (!answers(['compose', 'version'])) return 'there is no docker compose'
  if (!answers(['info'])) return 'no Docker answers'
  return undefined
}

/** Runs `docker compose` on dev/compose.yaml with its output shown; its exit code, or 1 where it cannot be started. */
export function compose(args: readonly string[]): number {
  const { status } = spawnSync('docker', ['compose', '--file', COMPOSE_FILE, ...args], {
    cwd: CHECKOUT,
    stdio: 'inherit',
    env: { ...process.env, IDGEN_DEV_KEY: adminKey() },
  })
  return status ?? 1
}

function answers(args: readonly string[]): boolean {
  return spawnSync('docker', [...args], { stdio: 'ignore', timeout: ANSWER_MS }).status === 0
}

/** A Docker that starts up answers within seconds; one that hangs must not hang us. */
const ANSWER_MS = 10_000
