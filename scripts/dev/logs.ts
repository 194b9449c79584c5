import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { say } from '../cluster/progress.ts'
import { compose, whyNoContainers } from './containers.ts'
import { DEV_FOLDER } from './places.ts'

/** `make dev-logs`: follows all logs until Ctrl-C, or those of the server that is named. */
const [only] = process.argv.slice(2)
if (whyNoContainers() === undefined)
  process.exitCode = compose(['logs', '--follow', '--tail', '50', ...(only === undefined ? [] : [only])])
else {
  const folder = join(DEV_FOLDER, 'logs')
  const names = existsSync(folder) ? readdirSync(folder) : []
  const files = names.filter((name) => only === undefined || name === `${only}.log`)
  if (names.length === 0) say('there are no logs: make dev-up starts the environment')
  else if (files.length === 0) {
    say(
      `there is no log of ${only}: choose one of ${names.map((name) => name.replace(/\.log$/, '')).join(', ')}`,
    )
    process.exitCode = 1
  } else
    spawnSync('tail', ['-n', '20', '-F', ...files.map((name) => join(folder, name))], { stdio: 'inherit' })
}
