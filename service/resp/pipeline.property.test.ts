import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { command, RespDesk } from '../../test/fixtures/resp-desk.ts'
import { ScriptedIssuer } from '../../test/fixtures/scripted-issuer.ts'
import { settle } from '../../test/fixtures/settle.ts'

/** A command as a client might send it, and what it does to the numbers of the tags. */
interface Sent {
  readonly text: string
  readonly answer: (next: Map<string, number>) => string
}

const EVERYBODY = { keyId: 'anonymous', scopes: ['issue'], within: '' } as const
const TAGS = ['a/b/c', 'workspace/group/a-tag-with-a-long-name', 'w/g/t']

function counted(next: Map<string, number>, tag: string, count: number): number {
  const first = next.get(tag) ?? 1
  next.set(tag, first + count)
  return first
}

const tag = fc.constantFrom(...TAGS)
const sent: fc.Arbitrary<Sent> = fc.oneof(
  {
    weight: 8,
    arbitrary: tag.chain((path) => fc.constantFrom('INCR', 'incr', 'InCr').map((name) => incr(name, path))),
  },
  {
    weight: 2,
    arbitrary: tag.map((path) => ({
      text: command('IDGEN.NEXT', path),
      answer: (next: Map<string, number>) => bulk(String(counted(next, path, 1))),
    })),
  },
  tag.map((path) => ({ ...incr('INCR', path), text: command('INCRBY', path, '1') })),
  tag.map((path) => ({ ...incr('INCR', path), text: `INCR ${path}\r\n` })),
  fc.tuple(tag, fc.integer({ min: 2, max: 500 })).map(([path, count]) => ({
    text: command('incrby', path, String(count)),
    answer: (next: Map<string, number>) => `:${counted(next, path, count) + count - 1}\r\n`,
  })),
  fc.tuple(tag, fc.integer({ min: 1, max: 100 })).map(([path, count]) => ({
    text: command('IDGEN.RUNS', path, String(count)),
    answer: (next: Map<string, number>) =>
      `*1\r\n*2\r\n${bulk(String(counted(next, path, count)))}:${count}\r\n`,
  })),
  fc.constant({ text: command('PING'), answer: () => '+PONG\r\n' }),
  fc.string({ maxLength: 40 }).map((text) => ({ text: command('ECHO', text), answer: () => bulk(text) })),
  fc.constant({ text: '\r\n', answer: () => '' }),
  fc.constant({
    text: command('INCR', 'no/such/tag'),
    answer: () => '-ERR IDGEN_TAG_NOT_FOUND There is no tag no/such/tag.\r\n',
  }),
)

function incr(name: string, path: string): Sent {
  return {
    text: command(name, path),
    answer: (next: Map<string, number>) => `:${counted(next, path, 1)}\r\n`,
  }
}

function bulk(text: string): string {
  return `$${Buffer.byteLength(text)}\r\n${Buffer.from(text).toString('latin1')}\r\n`
}

/** Cuts `bytes` at the places (shares of its length), sorted. */
function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const at = [
    0,
    ...places.map((place) => Math.floor(place * bytes.length)).toSorted((a, b) => a - b),
    bytes.length,
  ]
  return at.slice(1).map((end, i) => bytes.subarray(at[i], end))
}

test('however a pipeline is cut into reads, and whatever must wait, its answers are the same and in order', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(sent, { maxLength: 60 }),
      fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 30 }),
      fc.integer({ min: 0, max: 10 }),
      async (commands, places, notInMemory) => {
        const issuer = new ScriptedIssuer()
        issuer.callers.set('open', EVERYBODY)
        for (const path of TAGS) issuer.tag(path)
        issuer.notInMemory = notInMemory
        const desk = new RespDesk(issuer)
        for (const chunk of cut(Buffer.from(commands.map(({ text }) => text).join('')), places)) {
          const before = desk.socket.resumed
          if (chunk.length === 0 || desk.receive(chunk)) continue
          // Nothing more is read until the connection says so.
          while (desk.socket.resumed === before) await settle(1)
        }
        const next = new Map<string, number>()
        assert.equal(desk.socket.read, commands.map(({ answer }) => answer(next)).join(''))
        assert.deepEqual(desk.faults, [])
      },
    ),
    { numRuns: 300 },
  )
})
