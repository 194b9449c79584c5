import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { say } from '../cluster/progress.ts'
import { compose, whyNoContainers } from './containers.ts'
import { DEV_FOLDER } from './places.ts'

/** `make dev-logs`: follows all logs until Ctrl-C. */
if (whyNoContainers() === undefined) process.exitCode = compose(['logs', '--follow', '--tail', '50'])
else {
  const folder = join(DEV_FOLDER, 'logs')
  const files = existsSync(folder) ? readdirSync(folder).map((file) => join(folder, file)) : []
  if (files.length === 0) say('there are no logs: make dev-up starts the environment')
  else spawnSync('tail', ['-n', '20', '-F', ...files], { stdio: 'inherit' })
}
