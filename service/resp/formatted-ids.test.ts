import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { type TestContext, test } from 'node:test'
import { serveResp } from '../../test/fixtures/memory-resp.ts'
import { memoryUseCases } from '../../test/fixtures/memory-use-cases.ts'

const ACTOR = { actor: 'test', traceId: undefined }

/** What a server with a tag of the format "A-" and at least 4 digits answers to these lines. */
async function answers(t: TestContext, lines: readonly string[]): Promise<string> {
  const memory = await memoryUseCases()
  t.after(() => memory.stop())
  const { catalog } = memory.useCases
  await catalog.createWorkspace(ACTOR, 'w', '')
  await catalog.createGroup(ACTOR, 'w', 'g', '')
  const space = { format: { prefix: 'A-', width: 4 } }
  await catalog.createTag(ACTOR, { workspace: 'w', group: 'g', name: 't' }, { space })
  const { port } = new URL(await serveResp(t, memory.useCases))
  const socket = connect(Number(port), '127.0.0.1')
  t.after(() => socket.destroy())
  const commands = [`AUTH ${memory.keyText}`, ...lines, 'QUIT'].map((line) => line.split(' '))
  const wire = commands.map((words) => [
    `*${words.length}`,
    ...words.flatMap((word) => [`$${word.length}`, word]),
  ])
  socket.write(wire.map((parts) => `${parts.join('\r\n')}\r\n`).join(''))
  let text = ''
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString()
  })
  await once(socket, 'end')
  return text
}

test('IDGEN.NEXT answers texts in the format, many at once too', async (t) => {
  const text = await answers(
    t,
    Array.from({ length: 300 }, () => 'IDGEN.NEXT w/g/t'),
  )
  const ids = text.split('\r\n').filter((line) => line.startsWith('A-'))
  assert.deepEqual([ids[0], ids[299]], ['A-0001', 'A-0300'])
  assert.equal(new Set(ids).size, 300)
  assert.ok(text.includes('$6\r\nA-0001\r\n'))
})

test('commands that answer integers or runs say what to ask instead', async (t) => {
  const text = await answers(t, ['INCR w/g/t', 'INCRBY w/g/t 5', 'IDGEN.RUNS w/g/t 5'])
  const refused = text.split('\r\n').filter((line) => line.startsWith('-'))
  assert.equal(refused.length, 3)
  assert.match(refused[0] ?? '', /IDGEN_NUMBER_UNSAFE.*ask by IDGEN\.NEXT/)
  assert.match(refused[1] ?? '', /IDGEN_REQUEST_INVALID.*one by one, as text/)
  assert.match(refused[2] ?? '', /IDGEN_REQUEST_INVALID.*ask by IDGEN\.NEXT/)
})
