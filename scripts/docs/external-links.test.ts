import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { test } from 'node:test'
import { askLinks } from './asked-links.ts'
import { documents } from './documents.ts'
import { externalLinks, linkFaults } from './external-links.ts'
import { render } from './markdown.ts'

/** The faults of one page with these links. */
function faultsOf(...addresses: readonly string[]): string[] {
  const text = addresses.map((address) => `[x](${address})`).join('\n')
  const links = externalLinks(new Map([['docs/a.md', render({ path: 'docs/a.md', text })]]))
  return linkFaults(links).map((fault) => fault.replace(/^(\S+) \(docs\/a\.md\)/, '$1'))
}

test('links to other hosts are https, no examples, and one form of each address', () => {
  const links = externalLinks(new Map(documents().map((document) => [document.path, render(document)])))
  assert.ok(links.length > 10, `${links.length}`)
  assert.deepEqual(linkFaults(links), [])
})

test('each fault that a link can have is found', () => {
  assert.deepEqual(
    faultsOf('https://host.net/a', 'http://localhost:8080/ui', 'b.md', 'https://host.net/a'),
    [],
  )
  assert.deepEqual(faultsOf('http://host.net/a'), ['http://host.net/a: must be https'])
  assert.deepEqual(faultsOf('https://idgen.example/a'), [
    'https://idgen.example/a: an example is no link, but code',
  ])
  for (const other of ['https://host.net/a/', 'https://host.net/A', 'https://host.net/a#'])
    assert.equal(faultsOf('https://host.net/a', other).length, 1, other)
  for (const other of ['https://host.net/a?b=1', 'https://host.net/a#part', 'https://host.net/ab'])
    assert.equal(faultsOf('https://host.net/a', other).length, 0, other)
})

test('every address is asked, few at once, and what is wrong with one is told of it alone', async (t) => {
  let underWay = 0
  let most = 0
  const server = createServer((request, response) => {
    underWay += 1
    most = Math.max(most, underWay)
    response.on('close', () => {
      underWay -= 1
    })
    const { url = '' } = request
    // This one never answers.
    if (url === '/silent') return
    if (url === '/moved') response.writeHead(302, { location: '/1' }).end()
    else setImmediate(() => response.writeHead(url === '/gone' ? 404 : 200).end(url))
  })
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const address = server.address()
  assert.ok(address !== null && typeof address === 'object')
  const origin = `http://127.0.0.1:${address.port}`
  const paths = ['/1', '/gone', '/2', '/moved', '/3', '/4', '/5']
  const asked = await askLinks(
    paths.map((path) => origin + path),
    { atOnce: 2 },
  )
  assert.deepEqual(
    asked.map(({ fault }) => fault),
    [undefined, 'answers 404', undefined, `has moved to ${origin}/1`, undefined, undefined, undefined],
  )
  assert.ok(most <= 2, `${most}`)
  const [silent, last] = await askLinks([`${origin}/silent`, 'https://'], { limitMs: 50 })
  assert.match(silent?.fault ?? '', /timeout/)
  assert.match(last?.fault ?? '', /URL/)
})
