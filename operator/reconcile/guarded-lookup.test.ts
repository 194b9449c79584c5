import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { type AddressInfo, isIPv6 } from 'node:net'
import { type TestContext, test } from 'node:test'
import { boundedGet } from './bounded-get.ts'
import { type AllAddresses, guardedLookup } from './guarded-lookup.ts'

const LIMITS = { timeoutMs: 5000, maxBytes: 1000 }
const never = new AbortController().signal

/** Its port, and how many connections came. */
async function served(t: TestContext, answer: RequestListener) {
  const server = createServer(answer).listen(0, '127.0.0.1')
  await once(server, 'listening')
  let connections = 0
  server.on('connection', () => (connections += 1))
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  return { port: (server.address() as AddressInfo).port, connections: () => connections }
}

/** A resolver that answers with these, and the names that it was asked for. */
function resolver(...addresses: readonly string[]) {
  const asked: string[] = []
  const lookup: AllAddresses = (hostname, _options, answer) => {
    asked.push(hostname)
    const found = addresses.map((address) => ({ address, family: isIPv6(address) ? 6 : 4 }))
    process.nextTick(answer, null, found)
  }
  return { asked, lookup }
}

test('a name that leads to a link-local address is connected to by nobody, and the reason is told', async (t) => {
  const { port, connections } = await served(t, (_request, response) => response.end('secret'))
  for (const address of [
    '169.254.169.254',
    '169.254.0.1',
    'fe80::1',
    'fe80::1%eth0',
    '::ffff:169.254.169.254',
    'fd00:ec2::254',
  ]) {
    // Among others, too: which of them is connected to is not ours to say.
    for (const addresses of [[address], ['127.0.0.1', address]]) {
      const { lookup, asked } = resolver(...addresses)
      const get = boundedGet(
        `http://metadata.example:${port}/x`,
        { ...LIMITS, lookup: guardedLookup({ lookup }) },
        never,
      )
      await assert.rejects(get, (thrown: Error) => {
        assert.ok(
          thrown.message.includes(`metadata.example is ${address}, and no Prometheus`),
          thrown.message,
        )
        return true
      })
      assert.deepEqual(asked, ['metadata.example'])
    }
  }
  assert.equal(connections(), 0)
})

test('what was looked at is what is connected to: a name is looked up once', async (t) => {
  const { port, connections } = await served(t, (_request, response) => response.end('a 1\n'))
  const answers = [['127.0.0.1'], ['169.254.169.254']]
  const lookup: AllAddresses = (hostname, options, answer) =>
    resolver(...(answers.shift() ?? [])).lookup(hostname, options, answer)
  const url = `http://moves.example:${port}/x`
  const limits = { ...LIMITS, lookup: guardedLookup({ lookup }) }
  assert.equal(await boundedGet(url, limits, never), 'a 1\n')
  await assert.rejects(boundedGet(url, limits, never), /link-local/)
  assert.equal(connections(), 1)
})

test('a real name is looked up by the machine', async (t) => {
  const { port, connections } = await served(t, (_request, response) => response.end('a 1\n'))
  const url = `http://localhost:${port}/x`
  assert.equal(await boundedGet(url, { ...LIMITS, lookup: guardedLookup() }, never), 'a 1\n')
  const refuses = (address: string): boolean => address === '127.0.0.1' || address === '::1'
  await assert.rejects(
    boundedGet(url, { ...LIMITS, lookup: guardedLookup({ refuses }) }, never),
    /localhost is (?:127\.0\.0\.1|::1)/,
  )
  assert.equal(connections(), 1)
  const { lookup } = resolver()
  await assert.rejects(
    boundedGet(url, { ...LIMITS, lookup: guardedLookup({ lookup }) }, never),
    /localhost has no address/,
  )
})

test('an answer that sends elsewhere is followed by nobody', async (t) => {
  const other = await served(t, (_request, response) => response.end('{"secret":1}'))
  const { port } = await served(t, (_request, response) =>
    response.writeHead(302, { location: `http://127.0.0.1:${other.port}/` }).end(),
  )
  await assert.rejects(
    boundedGet(`http://127.0.0.1:${port}/x`, { ...LIMITS, lookup: guardedLookup() }, never),
    /status 302/,
  )
  assert.equal(other.connections(), 0)
})
