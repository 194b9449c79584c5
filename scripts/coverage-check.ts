import { globSync, readFileSync } from 'node:fs'
import { join, matchesGlob } from 'node:path'

/**
 * Line coverage per area, from the lcov files of several runs together. Node's own thresholds hold for one run as a
 * whole and leave out files that no test loads; here such a file counts with all of its lines as not covered.
 */
interface Area {
  readonly what: string
  readonly files: string
  /** Least covered share of the lines, percent; each file by itself where `each` is set. */
  readonly leastPercent: number
  readonly each?: true
}

/** and the core by the house rule. */
const AREAS: readonly Area[] = [
  { what: 'service', files: 'service/**', leastPercent: 80 },
  // What runs only as a process of its own (main, watches of a real API server) counts as not covered here.
  { what: 'operator', files: 'operator/**', leastPercent: 80 },
  { what: 'decisions', files: 'operator/core/**', leastPercent: 95 },
  { what: 'rendering', files: 'operator/render/**', leastPercent: 95 },
  { what: 'client library', files: 'sdk/**', leastPercent: 90 },
  { what: 'core', files: 'service/core/**', leastPercent: 95 },
  { what: 'snowflake', files: 'service/core/snowflake*.ts', leastPercent: 85, each: true },
  { what: 'segments', files: 'service/core/segment-*.ts', leastPercent: 85, each: true },
  { what: 'ring buffer', files: 'service/core/ring-buffer.ts', leastPercent: 90, each: true },
  { what: 'worker ids', files: 'service/app/time-grant-keeper.ts', leastPercent: 80, each: true },
]

/** Hits by line number. */
type Lines = Map<number, number>

const ROOT = join(import.meta.dirname, '..')

/** Prints each area, and returns how many are below their threshold. An area without a file is below it. */
export function checkCoverage(lcovFiles: readonly string[]): number {
  const hits = new Map<string, Lines>()
  for (const file of lcovFiles) readLcov(readFileSync(file, 'utf8'), hits)
  addUnloaded(hits)
  return AREAS.filter((area) => !isCovered(area, hits)).length
}

/** Adds the hits of one lcov text to those of others. */
export function readLcov(text: string, into: Map<string, Lines>): void {
  let lines: Lines = new Map()
  for (const record of text.split('\n')) {
    if (record.startsWith('SF:')) {
      const path = record.slice(3)
      lines = into.get(path) ?? new Map<number, number>()
      into.set(path, lines)
    } else if (record.startsWith('DA:')) {
      const [line = 0, count = 0] = record.slice(3).split(',').map(Number)
      lines.set(line, (lines.get(line) ?? 0) + count)
    }
  }
}

/** Files without a line of code (interfaces only) are never loaded, and there is nothing in them to cover. */
function addUnloaded(hits: Map<string, Lines>): void {
  const files = globSync('{service,operator,sdk}/**/*.ts', {
    cwd: ROOT,
    exclude: [
      '**/*.test.ts',
      'service/grpc/generated/**',
      'operator/api/generated/**',
      'sdk/test-doubles/**',
    ],
  })
  for (const file of files.filter((path) => !hits.has(path))) {
    const text = readFileSync(join(ROOT, file), 'utf8')
    if (!HAS_CODE.test(text)) continue
    hits.set(file, new Map(text.split('\n').map((_, i) => [i + 1, 0])))
  }
}

const HAS_CODE = /^(?:export )?(?:async )?(?:function|class|const|let)\b/m

function isCovered(area: Area, hits: ReadonlyMap<string, Lines>): boolean {
  const files = [...hits].filter(([path]) => matchesGlob(path, area.files))
  const groups = area.each ? files.map((file) => [file]) : [files]
  if (files.length === 0) console.log(`coverage ${area.what}: no file matches ${area.files}`)
  return files.length > 0 && groups.map((group) => isGroupCovered(area, group)).every(Boolean)
}

function isGroupCovered(
  { what, leastPercent, each }: Area,
  files: readonly (readonly [string, Lines])[],
): boolean {
  const counts = files.flatMap(([, lines]) => [...lines.values()])
  const covered = counts.filter((count) => count > 0).length
  const percent = counts.length === 0 ? 100 : (100 * covered) / counts.length
  const holds = percent >= leastPercent
  const name = each ? `${what} ${files[0]?.[0]}` : what
  console.log(
    `coverage ${name}: ${percent.toFixed(1)} % of ${counts.length} lines (least ${leastPercent} %)${holds ? '' : ' TOO LOW'}`,
  )
  return holds
}
