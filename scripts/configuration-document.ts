import { SPECIAL_VARIABLES } from '../service/config/environment-layer.ts'
import { environmentName } from '../service/config/environment-name.ts'
import type { KeyRow } from '../service/config/key-row.ts'
import { ROWS } from '../service/config/keys.ts'
import { rangeText } from '../service/config/parse-value.ts'

const INTRODUCTION = `# Configuration

<!-- Made by \`make generate\` from service/config/. Do not edit. -->

Four layers, each above the one before: defaults, a YAML file (\`idgen serve --config idgen.yaml\`), settings in etcd
(\`/idgen/settings/log.level\`, see [data-centres.md](data-centres.md)), variables of the
environment. Every key has a variable: \`server.http.port\` is \`IDGEN_SERVER_HTTP_PORT\`, \`auth.adminKey\` is
\`IDGEN_AUTH_ADMIN_KEY\`. An empty variable counts as not set.

\`\`\`yaml
server:
  http: { port: 8080 }
database:
  urlFile: /run/secrets/database-url
log: { level: info }
\`\`\`

- **Faults** are all reported at once, with their place and what is allowed; unknown keys and variables are refused with
  the nearest known name. \`idgen doctor\` checks without starting.
- **Secrets** may stand in a file: \`database.urlFile\`-like keys in YAML (the key with \`File\` appended), \`…_FILE\` in
  the environment. They are never printed. A file that changes is read again within 3 s: \`auth.adminKey\` counts then, for the others
  the log says that a restart is needed. A variable is read at the start.
- **Durations** are milliseconds, or text with a unit: \`500ms\`, \`30s\`, \`5m\`, \`1h\`, \`1d\`.
- **Changes of the file** are noticed while the service runs, within 2 seconds, also the update of a Kubernetes ConfigMap;
  changes in etcd at once. Keys marked *live* take effect then; for the others the log names them and says that a restart
  is needed. What is faulty is reported and changes nothing.
- Secrets and keys marked *local* cannot be set in etcd.
- Variables that Kubernetes makes of Services called idgen (\`IDGEN_SERVICE_HOST\`, …) are left alone.
`

/** docs/configuration.md. */
export function configurationDocument(): string {
  const sections = new Map<string, string[]>()
  for (const [path, row] of ROWS) {
    const section = path.slice(0, path.indexOf('.'))
    sections.set(section, [...(sections.get(section) ?? []), line(path, row)])
  }
  const tables = [...sections].map(([name, lines]) => `\n## ${name}\n\n${HEAD}${lines.join('\n')}\n`)
  return `${INTRODUCTION}${tables.join('')}\n## Other variables\n\n${specials()}`
}

const HEAD = '| key and variable | default | allowed | change | what it does |\n|---|---|---|---|---|\n'

function line(path: string, row: KeyRow): string {
  const names = [path, environmentName(path)].map((name) => `\`${name}\``).join('<br>')
  const doc = row.secret ? `${row.doc} Secret.` : row.doc
  return `| ${names} | ${defaultText(row)} | ${allowedText(row)} | ${row.reload}${row.local ? ', local' : ''} | ${doc} |`
}

function defaultText(row: KeyRow): string {
  if (row.default === '') return 'emptyMeans' in row ? `${row.emptyMeans}` : 'empty'
  if (row.kind === 'duration_ms') return `\`${durationText(row.default)}\``
  return `\`${row.kind === 'instant' ? new Date(row.default).toISOString() : row.default}\``
}

function allowedText(row: KeyRow): string {
  switch (row.kind) {
    case 'integer':
    case 'number':
      return rangeText(row)
    case 'duration_ms':
      return `${durationText(row.min)} to ${durationText(row.max)}`
    case 'instant':
      return 'Unix milliseconds or a UTC moment'
    case 'boolean':
      return 'true, false'
    case 'enum':
      return row.values.join(', ')
    case 'url':
      return row.schemes.map((scheme) => `${scheme}://…`).join(', ')
    case 'path':
      return 'a folder'
    case 'string':
      return 'text'
  }
}

/** The largest unit that gives a whole number. */
function durationText(ms: number): string {
  const [unitMs, unit] = UNITS.find(([size]) => ms > 0 && ms % size === 0) ?? [1, 'ms']
  return `${ms / unitMs}${unit}`
}

const UNITS = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'm'],
  [1000, 's'],
] as const

function specials(): string {
  const lines = [...SPECIAL_VARIABLES].map(([name, doc]) => `| \`${name}\` | ${doc} |`)
  return `| variable | what it does |\n|---|---|\n${lines.join('\n')}\n`
}
