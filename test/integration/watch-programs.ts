import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { leftOut } from '../fixtures/left-out.ts'

const BUILT = join(import.meta.dirname, '../../.cache/servers')

/** A program that `scripts/install-servers.sh watch` builds; undefined where that was not run. */
export function watchProgram(name: 'prometheus' | 'promtool' | 'alertmanager'): string | undefined {
  const file = join(BUILT, name)
  return existsSync(file) ? file : undefined
}

/** For `skip`: false, or why the test is left out. @throws under CI, as `leftOut` */
export function withoutPrograms(...names: readonly Parameters<typeof watchProgram>[0][]): string | false {
  const missing = names.filter((name) => watchProgram(name) === undefined)
  if (missing.length === 0) return false
  return leftOut(`${missing.join(', ')} missing: scripts/install-servers.sh watch builds them`)
}
