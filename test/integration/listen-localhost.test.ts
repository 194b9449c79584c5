import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { startService } from '../fixtures/service-process.ts'
import { testDatabase } from './postgres-server.ts'

const MAX = 2
const ADDRESSES = ['127.0.0.1', '::1']
/** On many machines `localhost` is one address alone, and there would be nothing to see: here it is both, to whoever asks for all. */
const BOTH = `
import dns from 'node:dns'
const real = dns.lookup
dns.lookup = (host, options, then) => host === 'localhost' && options.all
  ? then(null, [{ address: '127.0.0.1', family: 4 }, { address: '::1', family: 6 }])
  : real(host, options, then)`

test('a service on localhost has one listener, with its limit of connections', async (t) => {
  const database = await testDatabase()
  t.after(() => database.drop())
  const service = await startService({
    IDGEN_DATABASE_URL: database.url,
    IDGEN_SERVER_HTTP_HOST: 'localhost',
    IDGEN_SERVER_HTTP_MAX_CONNECTIONS: String(MAX),
    IDGEN_SERVER_THREADS: '1',
    NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(BOTH)}`,
  })
  t.after(() => service.stop('SIGTERM'))
  const port = Number(new URL(service.httpOrigin).port)
  let open = 0
  for (const host of ADDRESSES)
    for (let i = 0; i <= MAX; i += 1) {
      const socket = connect(port, host).on('error', () => undefined)
      t.after(() => socket.destroy())
      const begun = await once(socket, 'connect').catch(() => undefined)
      if (begun === undefined) continue
      socket.write('GET /livez HTTP/1.1\r\nhost: x\r\n\r\n')
      const [answer] = (await once(socket, 'data')) as [Buffer]
      if (answer.toString().startsWith('HTTP/1.1 200')) open += 1
    }
  assert.equal(open, MAX)
})
