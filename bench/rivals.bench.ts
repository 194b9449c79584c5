import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ask, BenchProcesses } from './bench-processes.ts'
import { type Row, reportFindings, type Table } from './bench-result.ts'
import { type ForeignLine, foreignRivals } from './foreign-rivals.ts'
import { spreadOf } from './interleaved-rounds.ts'
import { median } from './median.ts'
import { CHECK } from './regression-gate.ts'
import { RIVALS, type Rival } from './rival-generators.ts'
import type { BurstAnswer, RepeatAnswer, RivalQuestion } from './rival-process.ts'
import { networkRows } from './rival-rounds.ts'

/**
 * idgen beside what else makes IDs, from published packages with pinned versions (bench/rivals): in process, from npm,
 * Go and Maven, and servers over loopback. Cost, and how often two threads that make IDs at the same time get the same one.
 *
 *     [a process a rival] ──bursts, in turns──▶ ns an ID       [2 threads each] ──10 M IDs──▶ repeats
 *
 *     node bench/rivals.bench.ts [--short] [--save]     needs npm's registry once; Go, Java and Maven for the libraries of these
 */
const SHORT = process.argv.includes('--short')
const ROUNDS = SHORT ? 1 : 5
const BURSTS = SHORT ? 100 : 1000
const REPEAT_IDS = SHORT ? 200_000 : 10_000_000
/** An install or a build that takes longer hangs. */
const INSTALL_LIMIT_MS = 300_000

if (CHECK) {
  console.log('nothing to check: the cost of others is no promise of ours')
  process.exit(0)
}
const folder = mkdtempSync(join(tmpdir(), 'idgen-bench-rivals-'))
const processes = new BenchProcesses()
try {
  const sources = join(import.meta.dirname, 'rivals')
  for (const file of ['package.json', 'package-lock.json']) cpSync(join(sources, file), join(folder, file))
  execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--silent'], {
    cwd: folder,
    timeout: INSTALL_LIMIT_MS,
  })
  const npm = await npmRivals()
  const foreign = foreignRivals({ sources, folder, bursts: BURSTS, ids: REPEAT_IDS })
  const network = await networkRows(SHORT)
  reportFindings({
    bench: 'rivals',
    versions: npmVersions(),
    conditions: [
      'In process: bursts of 200 IDs, one a millisecond, so that nobody waits for his own limit; the mean without the dearest fiftieth, which other work interrupts. Each rival in a process of its own, in turns; every one in the form that it returns.',
      'Repeats: two threads (Go, Java: with one generator) make IDs at the same time, at most 20 s long. "no number": nobody told the generators apart, which is what two processes on two machines are until somebody does.',
      ...network.conditions,
    ],
    rows: [...npm.rows, ...foreign.map(foreignRow), ...network.rows],
    tables: [repeatTable(npm.repeats, foreign), network.table],
    notes: [
      ...network.notes,
      "CosId's segments come out of memory, as ours do here, 100,000 numbers each.",
      'Left out: Leaf and tinyid, which are in no registry; and uid-generator, whose package wants Spring and a table of a database for the number of its worker.',
    ],
  })
} finally {
  processes.endAll()
  rmSync(folder, { recursive: true, force: true })
}

async function npmRivals(): Promise<{ rows: Row[]; repeats: [string, Rival, RepeatAnswer][] }> {
  const servers = await Promise.all(
    RIVALS.map((rival) => processes.server<object>('rival-process.ts', [rival.name, folder])),
  )
  const nanos: number[][] = RIVALS.map(() => [])
  for (let round = -1; round < ROUNDS; round += 1)
    for (const [i, server] of servers.entries()) {
      const question: RivalQuestion = { kind: 'bursts', bursts: BURSTS }
      const answer = await ask<BurstAnswer>(server.process, question)
      if (round >= 0) nanos[i]?.push(answer.nanos)
    }
  const repeats: [string, Rival, RepeatAnswer][] = []
  for (const [i, rival] of RIVALS.entries())
    for (const numbered of rival.numbered ? (rival.npm === undefined ? [true] : [false, true]) : [false]) {
      const question: RivalQuestion = { kind: 'repeats', ids: REPEAT_IDS, numbered }
      const child = servers[i]?.process
      if (child === undefined) continue
      const setting = rival.numbered ? (numbered ? 'a number each' : 'no number') : ''
      repeats.push([setting, rival, await ask<RepeatAnswer>(child, question)])
    }
  const rows = RIVALS.map(({ name, npm, form }, i): Row => {
    const found = nanos[i] ?? []
    const what = `${npm === undefined ? name : `${name} ${npmVersions()[npm]}`}, ${form}`
    return { what, value: median(found), unit: 'ns', spread: spreadOf(found) }
  })
  return { rows, repeats }
}

function foreignRow({ name, form, nanos }: ForeignLine): Row {
  return { what: `${name}, ${form}`, value: nanos, unit: 'ns' }
}

function repeatTable(npm: readonly [string, Rival, RepeatAnswer][], foreign: readonly ForeignLine[]): Table {
  const ours = npm.map(([setting, { name, promise }, { made, repeats }]): (string | number)[] => [
    name,
    setting,
    made,
    repeats,
    promise,
  ])
  const theirs = foreign.map(({ name, made, repeats, promise }) => [
    name,
    'one generator',
    made,
    repeats,
    promise,
  ])
  return {
    title: 'IDs that came twice from two threads',
    columns: ['what', 'told apart by', 'IDs', 'repeats', 'it is unique'],
    rows: [...ours, ...theirs],
  }
}

function npmVersions(): Record<string, string> {
  const { dependencies } = JSON.parse(
    readFileSync(join(import.meta.dirname, 'rivals/package.json'), 'utf8'),
  ) as { dependencies: Record<string, string> }
  return dependencies
}
