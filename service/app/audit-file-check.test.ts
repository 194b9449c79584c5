import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { MemoryRandom } from '../adapters/memory/memory-random.ts'
import { auditLine } from '../core/audit-line.ts'
import { AuditChain } from './audit-chain.ts'
import { AuditFileCheck, type AuditFileCheckOptions, type AuditFileVerdict } from './audit-file-check.ts'
import { BEAT_EVERY_MS } from './audit-trail.ts'

const BEGIN = Date.UTC(2026, 10, 24, 12)
const KEY = 'a key that only the service has..'

/** What one process writes: details and names of any kind, the last one its end. */
function written(
  details: readonly object[],
  random = new MemoryRandom(),
  key: string | null = KEY,
  instance = 'pod/1',
) {
  const chain = new AuditChain(instance, random, key ?? undefined)
  const lines = [...details, {}].map((detail, at, { length }) =>
    auditLine(
      chain.append({
        at: new Date(BEGIN + at * 1000),
        actor: 'k1',
        action: at === length - 1 ? 'audit.close' : 'tag.update',
        subject: `w/g/t${at}`,
        workspace: 'w',
        result: 'ok',
        traceId: undefined,
        detail: { ...detail },
      }),
    ).trimEnd(),
  )
  return { lines, chain }
}

/** So many records of one chain. */
function some(count = 10, key: string | null = KEY): string[] {
  return written(
    Array.from({ length: count - 1 }, (_, at) => ({ step: at })),
    new MemoryRandom(),
    key,
  ).lines
}

function checked(lines: readonly string[], more: Partial<AuditFileCheckOptions> = {}): AuditFileVerdict {
  const check = new AuditFileCheck({ nowMs: BEGIN, key: KEY, known: new Map(), ...more })
  for (const [at, line] of lines.entries()) check.line(line, `f:${at + 1}`)
  return check.end()
}

/** Kind, line and number of each fault. */
function found(lines: readonly string[], more: Partial<AuditFileCheckOptions> = {}): string[] {
  return checked(lines, more).faults.map(({ kind, where, seq }) => `${kind} ${where} ${seq}`)
}

function changed(line: string, change: (said: Record<string, unknown>) => void): string {
  const said = JSON.parse(line) as Record<string, unknown>
  change(said)
  return JSON.stringify(said)
}

const detail = fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 4 })
const chains = fc.array(fc.array(detail, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 4 })

/** The lines of all chains, mixed as several starts of a process never do, which a file may hold all the same. */
const mixed = fc.tuple(chains, fc.infiniteStream(fc.nat())).map(([all, choices]) => {
  const random = new MemoryRandom()
  const left = all.map((details) => written(details, random).lines)
  const lines: string[] = []
  for (let open = left; open.length > 0; open = open.filter(({ length }) => length > 0)) {
    const line = open[(choices.next().value ?? 0) % open.length]?.shift()
    if (line !== undefined) lines.push(line)
  }
  return lines
})

describe('a check of an audit file', () => {
  test('finds nothing in what was written, whatever it says, with or without a key, nor in empty lines', () => {
    fc.assert(
      fc.property(mixed, (lines) => {
        const verdict = checked(lines.flatMap((line) => [line, '']))
        assert.deepEqual(verdict.faults, [])
        assert.equal(verdict.records, lines.length)
        assert.deepEqual([verdict.begun, verdict.unclosed], [[], []])
      }),
    )
    assert.deepEqual(found(some(10, null), { key: undefined }), [])
  })

  test('finds every line that is changed, cut, taken out of the middle, moved, or there twice', () => {
    const tampering = fc.constantFrom('change', 'cut', 'remove', 'swap', 'double')
    fc.assert(
      fc.property(mixed, fc.nat(), tampering, fc.nat(), (whole, place, how, more) => {
        const lines = [...whole]
        const at = place % lines.length
        const line = lines[at] ?? ''
        const linkOf = (text: string) => JSON.parse(text) as { readonly chain: string; readonly seq: number }
        const { chain, seq } = linkOf(line)
        const later = lines.findIndex((other, i) => i > at && linkOf(other).chain === chain)
        // The end of a chain, and its front, are another matter.
        fc.pre(later > at && seq > 1)
        if (how === 'change') {
          const char = more % line.length
          const other = line[char] === 'a' ? 'b' : 'a'
          lines[at] = line.slice(0, char) + other + line.slice(char + 1)
        } else if (how === 'cut') lines[at] = line.slice(0, 1 + (more % (line.length - 1)))
        else if (how === 'remove') lines.splice(at, 1)
        else if (how === 'swap') [lines[at], lines[later]] = [lines[later] ?? '', line]
        else lines.splice(at + 1 + (more % (lines.length - at)), 0, line)
        assert.notDeepEqual(checked(lines).faults, [])
      }),
      { numRuns: 500 },
    )
  })

  const TAMPERED: readonly (readonly [string, (lines: string[]) => void, readonly string[]])[] = [
    [
      'a changed text',
      (all) => (all[4] = changed(all[4] ?? '', (said) => (said['actor'] = 'k2'))),
      ['changed f:5 5'],
    ],
    [
      'a changed detail',
      (all) => (all[4] = changed(all[4] ?? '', (said) => (said['detail'] = {}))),
      ['changed f:5 5'],
    ],
    [
      'something added, which no hash covers',
      (all) => (all[4] = changed(all[4] ?? '', (said) => (said['approved'] = true))),
      ['changed f:5 5'],
    ],
    ['a time in another form', (all) => (all[4] = (all[4] ?? '').replace('.000Z', 'Z')), ['changed f:5 5']],
    [
      'a field that is there twice',
      (all) => (all[4] = (all[4] ?? '').replace('{', '{"actor":"somebody else",')),
      ['changed f:5 5'],
    ],
    [
      'a record without its hash',
      (all) => (all[4] = changed(all[4] ?? '', (said) => delete said['hash'])),
      ['changed f:5 undefined', 'missing f:4 5'],
    ],
    [
      'a line that was cut',
      (all) => (all[4] = (all[4] ?? '').slice(0, 50)),
      ['cut f:5 undefined', 'missing f:4 5'],
    ],
    ['a line that was taken out', (all) => all.splice(4, 1), ['missing f:4 5']],
    ['several', (all) => all.splice(4, 3), ['missing f:4 5']],
    [
      'two lines that changed places',
      (all) => all.splice(4, 2, all[5] ?? '', all[4] ?? ''),
      ['out of order f:6 5'],
    ],
    ['a line that is there twice', (all) => all.splice(7, 0, all[4] ?? ''), ['forged f:8 5']],
    [
      'a first record that follows another',
      (all) => (all[0] = changed(all[0] ?? '', (said) => (said['previousHash'] = 'ff'))),
      ['forged f:1 1', 'changed f:1 1'],
    ],
  ]
  for (const [what, tamper, faults] of TAMPERED)
    test(`names ${what}`, () => {
      const lines = some()
      tamper(lines)
      assert.deepEqual(found(lines), faults)
    })

  test('names a chain that begins again, once', () => {
    const lines = some()
    assert.deepEqual(found([...lines.slice(0, 6), ...some(8)]), ['restarted f:7 1'])
  })

  test('names a record made anew, by its hash or by what follows', () => {
    const lines = some()
    const { lines: others } = written(Array.from({ length: 9 }, () => ({ other: true })))
    assert.deepEqual(found([...lines.slice(0, 4), ...others.slice(4)]), ['forged f:5 5'])
    assert.deepEqual(found(some(10, null).slice(0, 2)), ['forged f:1 1', 'forged f:2 2'])
  })

  test('says that a chain begins later, or ends without its end, and finds what the log knows of it', () => {
    const { lines, chain } = written(Array.from({ length: 9 }, () => ({})))
    const { name, hash } = { name: chain.name, hash: chain.head.hash }
    const late = { nowMs: BEGIN + 3 * BEAT_EVERY_MS }
    const front = checked(lines.slice(3), late)
    assert.deepEqual([front.faults, front.begun], [[], [{ chain: name, seq: 4 }]])
    const end = checked(lines.slice(0, -1), late)
    assert.deepEqual([end.faults, end.unclosed.map(({ seq }) => seq)], [[], [9]])
    const heads = (seq: number, known: string) => ({ known: new Map([[name, { seq, hash: known }]]) })
    assert.deepEqual(found(lines, heads(10, hash)), [])
    assert.deepEqual(found(lines, heads(10, 'ff')), ['forged f:10 10'])
    assert.deepEqual(found(lines.slice(0, 8), heads(10, hash)), ['missing f:8 9'])
    assert.deepEqual(found([], heads(10, hash)), ['missing nowhere 1'])
  })

  test('of a log of several processes it misses the chains of those nodes alone that wrote here', () => {
    const random = new MemoryRandom()
    const of = (instance: string) => {
      const { lines, chain } = written([{}], random, KEY, instance)
      return { lines, name: chain.name, head: chain.head }
    }
    // The second is a container that started again, on a node whose name ends like a process.
    const mine = [of('pod-a/1'), of('pod-a/1'), of('pod-a/17')]
    const others = [of('pod-b/1'), of('pod-c/1'), of('pod-c/1'), of('pod-a/1/1'), of('pod')]
    const known = new Map([...mine, ...others].map(({ name, head }) => [name, head]))
    const whole = checked(
      mine.flatMap(({ lines }) => lines),
      { known },
    )
    assert.deepEqual(whole.faults, [])
    assert.deepEqual(whole.elsewhere, { chains: 5, nodes: ['pod-b', 'pod-c', 'pod-a/1', 'pod'] })
    // A chain that is gone whole is seen while its node has another one here.
    const cut = checked(mine[0]?.lines ?? [], { known })
    assert.deepEqual(
      cut.faults.map(({ kind, chain }) => [kind, chain]),
      mine.slice(1).map(({ name }) => ['missing', name]),
    )
    const all = [...mine, ...others].flatMap(({ lines }) => lines)
    assert.deepEqual(checked(all, { known }).elsewhere, { chains: 0, nodes: [] })
    assert.equal(checked([], { known }).faults.length, 8)
  })

  test('an earlier line behind the first of the file is out of order, and no longer missing', () => {
    const lines = some()
    const moved = checked([...lines.slice(3), ...lines.slice(0, 3)])
    assert.deepEqual(
      moved.faults.map(({ kind, seq }) => `${kind} ${seq}`),
      ['out of order 1', 'out of order 2', 'out of order 3'],
    )
    assert.deepEqual(moved.begun, [])
  })

  test('a hundred faults are enough, and it says where it stopped', () => {
    const check = new AuditFileCheck({ nowMs: BEGIN, key: KEY, known: new Map() })
    for (let at = 0; !check.isHopeless; at += 1) check.line('{', `f:${at}`)
    const { faults, stoppedAt } = check.end()
    assert.deepEqual([faults.length, stoppedAt], [100, 'f:99'])
    // What stands behind it may be whole, and is neither missing nor without an end.
    const { lines, chain } = written([{}])
    const known = new Map([['elsewhere/1:0123456789abcdef', chain.head]])
    const broken = checked([...lines.slice(0, 1), ...Array<string>(100).fill('{'), ...lines.slice(1)], {
      known,
      nowMs: BEGIN + 3 * BEAT_EVERY_MS,
    })
    assert.deepEqual([broken.unclosed, broken.elsewhere.chains], [[], 0])
    // What is found at the end alone leaves no line unread.
    const gaps = some(250).filter((_, at) => at === 249 || at % 2 === 0)
    const all = checked(gaps)
    assert.deepEqual([all.faults.length, all.stoppedAt, all.records], [100, undefined, 126])
  })

  const TOO_MANY = { code: 'IDGEN_REQUEST_INVALID' }

  test('more chains than it keeps are never called whole, whatever stands behind them', () => {
    const random = new MemoryRandom()
    const front = Array.from({ length: 5 }, () => written([], random).lines).flat()
    assert.deepEqual(checked(front, { chainsMax: 5 }).faults, [])
    const hidden = written(Array<object>(9).fill({}), random).lines
    hidden[4] = changed(hidden[4] ?? '', (said) => (said['actor'] = 'k2'))
    assert.throws(() => checked([...front, ...hidden], { chainsMax: 5 }), TOO_MANY)
    assert.deepEqual(found([...front, ...hidden], { chainsMax: 6 }), ['changed f:10 5'])
  })

  test('more gaps than it keeps end it too, also those in front of chains', () => {
    const gaps = some(12).filter((_, at) => at === 11 || at % 2 === 0)
    assert.equal(found(gaps, { gapsMax: 5 }).length, 5)
    assert.throws(() => checked(gaps, { gapsMax: 4 }), TOO_MANY)
    const random = new MemoryRandom()
    const begun = Array.from({ length: 5 }, () => written([{}], random).lines.slice(1)).flat()
    assert.equal(checked(begun, { gapsMax: 5 }).begun.length, 5)
    assert.throws(() => checked(begun, { gapsMax: 4 }), TOO_MANY)
  })
})
