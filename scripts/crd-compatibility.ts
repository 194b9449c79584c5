import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { type Changes, compareSchemas, type Schema } from './crd-schema-changes.ts'

/**
 * `crd-compatibility.ts`: whether objects and programs of the last released definitions go on working with those of
 * crds/. `crd-compatibility.ts record v1.2.3` keeps crds/ as the released form of that version.
 */
export interface Definition {
  readonly spec: {
    readonly group: string
    readonly scope: string
    readonly names: {
      readonly kind: string
      readonly plural: string
      readonly shortNames?: readonly string[]
    }
    readonly conversion?: { readonly strategy?: string }
    readonly versions: readonly Version[]
  }
}

interface Version {
  readonly name: string
  readonly served: boolean
  readonly storage: boolean
  readonly schema: { readonly openAPIV3Schema: Schema }
  readonly subresources?: {
    readonly status?: object
    readonly scale?: Readonly<Record<string, string>>
  }
  readonly selectableFields?: readonly { readonly jsonPath: string }[]
  readonly additionalPrinterColumns?: readonly { readonly name: string }[]
}

export function compareDefinitions(was: Definition, now: Definition): Changes {
  const changes: Changes = { breaks: [], review: [] }
  const { kind } = was.spec.names
  for (const [what, before, after] of [
    ['group', was.spec.group, now.spec.group],
    ['scope', was.spec.scope, now.spec.scope],
    ['kind', kind, now.spec.names.kind],
    ['plural', was.spec.names.plural, now.spec.names.plural],
  ] as const)
    if (before !== after) changes.breaks.push(`${kind}: ${what} was ${before} and is ${after}`)
  lost(`${kind}: the short name`, was.spec.names.shortNames, now.spec.names.shortNames, changes.breaks)
  compareStorage(was, now, changes)
  for (const version of was.spec.versions) {
    const after = now.spec.versions.find(({ name }) => name === version.name)
    if (!version.served) continue
    if (after === undefined || !after.served)
      changes.breaks.push(`${kind} ${version.name}: is not served any more`)
    if (after !== undefined) compareVersions(`${kind} ${version.name}`, version, after, changes)
  }
  return changes
}

function compareStorage(was: Definition, now: Definition, { breaks }: Changes): void {
  const storageOf = ({ spec }: Definition): string =>
    spec.versions.find(({ storage }) => storage)?.name ?? 'none'
  const converts = now.spec.conversion?.strategy === 'Webhook'
  if (storageOf(was) !== storageOf(now) && !converts)
    breaks.push(
      `${was.spec.names.kind}: storage was ${storageOf(was)} and is ${storageOf(now)}, and nothing converts what is stored`,
    )
}

function compareVersions(path: string, was: Version, now: Version, changes: Changes): void {
  const { breaks, review } = changes
  if (was.subresources?.status !== undefined && now.subresources?.status === undefined)
    breaks.push(`${path}: the subresource status is gone`)
  const scale = was.subresources?.scale
  if (scale !== undefined && JSON.stringify(scale) !== JSON.stringify(now.subresources?.scale))
    breaks.push(`${path}: the subresource scale is another`)
  const fields = (version: Version) => version.selectableFields?.map(({ jsonPath }) => jsonPath)
  lost(`${path}: the selectable field`, fields(was), fields(now), breaks)
  const columns = (version: Version) => version.additionalPrinterColumns?.map(({ name }) => name)
  lost(`${path}: the column`, columns(was), columns(now), review)
  compareSchemas(path, was.schema.openAPIV3Schema, now.schema.openAPIV3Schema, changes)
}

function lost(what: string, was: readonly string[] = [], now: readonly string[] = [], into: string[]): void {
  for (const one of was) if (!now.includes(one)) into.push(`${what} ${one} is gone`)
}

/** Of all releases whose definitions are kept; undefined before the first. */
export function lastRelease(names: readonly string[]): string | undefined {
  const parts = (name: string): number[] => name.slice(1).split('.').map(Number)
  return names
    .filter((name) => RELEASE.test(name))
    .toSorted((a, b) => {
      const [x, y] = [parts(a), parts(b)]
      return (x[0] ?? 0) - (y[0] ?? 0) || (x[1] ?? 0) - (y[1] ?? 0) || (x[2] ?? 0) - (y[2] ?? 0)
    })
    .at(-1)
}

const RELEASE = /^v\d+\.\d+\.\d+$/
const CRDS = join(import.meta.dirname, '../crds')
const RELEASED = join(CRDS, 'released')

/** The changes since the last release, of all definitions; undefined before the first. */
export function changesSinceRelease(): ({ readonly release: string } & Changes) | undefined {
  const release = existsSync(RELEASED) ? lastRelease(readdirSync(RELEASED)) : undefined
  if (release === undefined) return undefined
  const changes: Changes = { breaks: [], review: [] }
  for (const file of definitionFiles(join(RELEASED, release))) {
    if (!existsSync(join(CRDS, file))) {
      changes.breaks.push(`${file}: the definition is gone`)
      continue
    }
    const { breaks, review } = compareDefinitions(read(join(RELEASED, release, file)), read(join(CRDS, file)))
    changes.breaks.push(...breaks)
    changes.review.push(...review)
  }
  return { release, ...changes }
}

function definitionFiles(folder: string): string[] {
  return readdirSync(folder).filter((name) => name.endsWith('.yaml'))
}

function read(file: string): Definition {
  return parse(readFileSync(file, 'utf8')) as Definition
}

function record(version: string): void {
  if (!RELEASE.test(version)) throw new Error(`"${version}" is no version; write it like v1.2.3`)
  const folder = join(RELEASED, version)
  if (existsSync(folder)) throw new Error(`${version} is recorded already; a release does not change`)
  mkdirSync(folder, { recursive: true })
  for (const file of definitionFiles(CRDS)) copyFileSync(join(CRDS, file), join(folder, file))
  console.log(`crds/released/${version} keeps the definitions of this release`)
}

function main([command, version = '']: readonly string[]): void {
  if (command === 'record') {
    record(version)
    return
  }
  const changes = changesSinceRelease()
  if (changes === undefined) {
    console.log('no definitions were released yet, so nothing can break')
    return
  }
  for (const one of changes.review) console.log(`to be reviewed: ${one}`)
  for (const one of changes.breaks) console.error(`breaks ${changes.release}: ${one}`)
  if (changes.breaks.length > 0) process.exitCode = 1
}

if (import.meta.main)
  try {
    main(process.argv.slice(2))
  } catch (thrown) {
    console.error(thrown instanceof Error ? thrown.message : thrown)
    process.exitCode = 1
  }
