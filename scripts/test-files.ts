import { run } from 'node:test'
import report from './test-reporter.ts'

/**
 * `test-files.ts <lanes> <limit of a file in ms> <file…>`: runs test files in processes of their own, so many at once, in the
 * order in which they are named: `node --test` sorts them by name, and the last one may then take two minutes with nothing
 * beside it.
 */
const [lanes, timeout, ...files] = process.argv.slice(2)

/** What `node --test` does by itself: nothing that a test has started outlives a run that is told to end. */
const told = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => told.abort())

const events = run({ files, concurrency: Number(lanes), timeout: Number(timeout), signal: told.signal })
events.on('test:summary', ({ success }) => {
  if (!success) process.exitCode = 1
})
events.compose<NodeJS.ReadableStream>(report).pipe(process.stdout)
