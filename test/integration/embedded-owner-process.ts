import { startEmbeddedPostgres } from '../../service/adapters/embedded/embedded-postgres.ts'

/** A process that owns an embedded database: `node embedded-owner-process.ts <folder>`. Ends when stdin does. */
const nothing = (): void => {}
const log = { debug: nothing, info: nothing, warn: nothing, error: nothing }
try {
  const server = await startEmbeddedPostgres({ folder: process.argv[2] ?? '', log })
  process.stdout.write(`${JSON.stringify({ url: server.url, pid: server.pid })}\n`)
  process.stdin.resume()
  process.stdin.once('end', () => void server.stop())
} catch (thrown) {
  process.stdout.write(
    `${JSON.stringify({ code: (thrown as { code?: unknown }).code, text: String(thrown) })}\n`,
  )
}
