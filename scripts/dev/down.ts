import { rmSync } from 'node:fs'
import { recordedDaemons } from '../cluster/daemon.ts'
import { say, step } from '../cluster/progress.ts'
import { compose, whyNoContainers } from './containers.ts'
import { DEV_FOLDER } from './places.ts'

/** `make dev-down`: stops what `make dev-up` started; `--wipe` deletes its data, too. */
const wipe = process.argv.includes('--wipe')

/** idgen first: it gives back what it holds while its stores still answer. */
async function stopLocalServers(): Promise<void> {
  const daemons = recordedDaemons(DEV_FOLDER)
  const [own, stores] = [
    daemons.filter(({ name }) => name === 'idgen'),
    daemons.filter(({ name }) => name !== 'idgen'),
  ]
  await step('stopping idgen', () => Promise.all(own.map((daemon) => daemon.stop(DRAIN_MS))))
  await step('stopping its stores', () => Promise.all(stores.map((daemon) => daemon.stop(DRAIN_MS))))
}

/** server.shutdownTimeout is 30 s unless configured. */
const DRAIN_MS = 40_000

await stopLocalServers()
if (whyNoContainers() === undefined && compose(['down', ...(wipe ? ['--volumes'] : [])]) !== 0)
  process.exitCode = 1
if (wipe) rmSync(DEV_FOLDER, { recursive: true, force: true })
say(wipe ? 'stopped, and its data deleted' : 'stopped; the data stays for the next make dev-up')
