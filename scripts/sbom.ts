import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

const CHECKOUT = join(import.meta.dirname, '..')

interface Sbom {
  readonly metadata: { readonly component: { readonly name: string; readonly version: string } }
  readonly components: readonly {
    readonly 'bom-ref': string
    readonly name: string
    readonly version: string
  }[]
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[]
}

interface Lockfile {
  readonly packages: Readonly<Record<string, { readonly version?: string; readonly dev?: boolean }>>
}

/**
 * What production installs, from the lockfile, as a CycloneDX document: names, versions, licences and hashes. npm's own
 * `--omit=dev` leaves out what production and a tool both ask for, so the lockfile says what is for tools alone.
 */
export function sbomText(): string {
  const text = execFileSync(
    'npm',
    ['sbom', '--package-lock-only', '--sbom-format=cyclonedx', '--sbom-type=application'],
    { cwd: CHECKOUT, encoding: 'utf8', maxBuffer: 100_000_000, timeout: 120_000 },
  )
  const sbom = JSON.parse(text) as Sbom
  const { name, version } = JSON.parse(read('package.json')) as { name: string; version: string }
  const needed = neededIn(JSON.parse(read('package-lock.json')) as Lockfile)
  const components = sbom.components.filter((one) => needed.has(`${one.name}@${one.version}`))
  const kept = new Set(components.map((one) => one['bom-ref']))
  const { component } = sbom.metadata
  // npm names it after the folder that the checkout happens to be in.
  const metadata = { ...sbom.metadata, component: { ...component, name, version } }
  const dependencies = sbom.dependencies
    .filter(({ ref }) => kept.has(ref) || ref === `${name}@${version}`)
    .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((one) => kept.has(one)) }))
  return `${JSON.stringify({ ...sbom, metadata, components, dependencies }, undefined, 2)}\n`
}

function read(file: string): string {
  return readFileSync(join(CHECKOUT, file), 'utf8')
}

/** `name@version` of all that is not for tools alone. */
function neededIn({ packages }: Lockfile): Set<string> {
  const needed = Object.entries(packages).filter(([path, { dev }]) => path !== '' && dev !== true)
  return new Set(
    needed.map(([path, { version }]) => `${path.slice(path.lastIndexOf(FOLDER) + FOLDER.length)}@${version}`),
  )
}

const FOLDER = 'node_modules/'

/** `make sbom` */
if (import.meta.main) {
  const file = process.argv[2] ?? 'dist/sbom.cdx.json'
  const text = sbomText()
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
  console.error(`${file}: ${(JSON.parse(text) as Sbom).components.length} packages`)
}
