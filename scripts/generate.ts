import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { alertFiles } from './alert-files.ts'
import { chartFiles } from './chart-files.ts'
import { configurationDocument } from './configuration-document.ts'
import { crdTypes } from './crd-types.ts'
import { dashboardFiles } from './dashboard-files.ts'
import { errorsDocument } from './errors-document.ts'
import { logsDocument } from './logs-document.ts'
import { metricsDocument } from './metrics-document.ts'
import { openapiText } from './openapi.ts'
import { performanceFiles } from './performance-document.ts'
import { pictureFiles } from './pictures/picture-files.ts'
import { stylesheetModule } from './ui-stylesheet.ts'

/**
 * Writes everything that is made from something else. `--check` writes nothing, names what is not current and fails:
 * it compares with the files as they lie, not with a commit, so it also holds in the middle of a change.
 */
const ROOT = join(import.meta.dirname, '..')
const GENERATED_CODE = 'service/grpc/generated'

const check = process.argv.includes('--check')
const stale: string[] = []

for (const [path, text] of Object.entries({
  'docs/configuration.md': configurationDocument(),
  'docs/errors.md': errorsDocument(),
  'docs/logs.md': logsDocument(),
  'docs/metrics.md': await metricsDocument(),
  'docs/openapi.json': await openapiText(),
  ...alertFiles(ROOT),
  ...dashboardFiles(),
  ...performanceFiles(ROOT),
  ...pictureFiles(),
  ...crdTypes(ROOT),
  ...chartFiles(ROOT),
  ...(await stylesheetModule(ROOT)),
}))
  if (!check) writeFileSync(join(ROOT, path), text)
  else if (contentOf(join(ROOT, path)) !== text) stale.push(path)

if (check) stale.push(...staleCode())
else generateCode(ROOT)

if (stale.length > 0) {
  console.error(`not current: ${stale.join(', ')}\nRun "make generate" and commit the result.`)
  process.exitCode = 1
}

/** The gRPC code from proto/, below `folder`; offline, all plugins are local. */
function generateCode(folder: string): void {
  execFileSync(join(ROOT, 'node_modules/.bin/buf'), ['generate', '--output', folder], {
    cwd: ROOT,
    stdio: 'inherit',
  })
}

function staleCode(): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'idgen-generate-'))
  try {
    generateCode(folder)
    const [fresh, present] = [
      filesBelow(join(folder, GENERATED_CODE)),
      filesBelow(join(ROOT, GENERATED_CODE)),
    ]
    const paths = new Set([...fresh.keys(), ...present.keys()])
    return [...paths]
      .filter((path) => fresh.get(path) !== present.get(path))
      .map((path) => join(GENERATED_CODE, path))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function filesBelow(folder: string): Map<string, string> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  return new Map(files.map((file) => [relative(folder, file), readFileSync(file, 'utf8')]))
}

function contentOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
