import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { type BenchResult, committedResult } from './bench-result.ts'

/** All results that lie in bench/results, in the order of the document: what is asked first comes first. */
export function savedResults(): BenchResult[] {
  const names = readdirSync(join(import.meta.dirname, 'results'))
    .filter((name) => name.endsWith('.json'))
    .map((name) => name.slice(0, -'.json'.length))
  const place = (name: string): number => (ORDER.includes(name) ? ORDER.indexOf(name) : ORDER.length)
  return names
    .toSorted((a, b) => place(a) - place(b) || (a < b ? -1 : 1))
    .flatMap((name) => committedResult(name) ?? [])
}

/** Others come after these, by name. */
const ORDER = [
  'http',
  'grpc',
  'resp',
  'open-loop',
  'batch',
  'core',
  'sdk',
  'tracing',
  'prefetch',
  'rivals',
  'growth',
  'soak',
]
