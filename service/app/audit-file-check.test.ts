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
function written(details: readonly object[], random = new MemoryRandom(), key: string | null = KEY) {
  const chain = new AuditChain('pod', random, key ?? undefined)
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

  test('an earlier line behind the first of the file is out of order, and no longer missing', () => {
    const lines = some()
    const moved = checked([...lines.slice(3), ...lines.slice(0, 3)])
    assert.deepEqual(
      moved.faults.map(({ kind, seq }) => `${kind} ${seq}`),
      ['out of order 1', 'out of order 2', 'out of order 3'],
    )
    assert.deepEqual(moved.begun, [])
  })

  test('a hundred faults are enough', () => {
    const check = new AuditFileCheck({ nowMs: BEGIN, key: KEY, known: new Map() })
    for (let at = 0; !check.isHopeless; at += 1) check.line('{', `f:${at}`)
    assert.equal(check.end().faults.length, 100)
  })
})
