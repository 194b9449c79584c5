import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { definitionTemplate } from './chart-definitions.ts'
import { chartDocument } from './chart-document.ts'
import { chartSchema } from './chart-schema.ts'

const CHART = 'charts/idgen'

/** What of the chart is made from something else: from values.yaml, and from crds/. */
export function chartFiles(root: string): Record<string, string> {
  const read = (path: string): string => readFileSync(join(root, path), 'utf8')
  const values = read(`${CHART}/values.yaml`)
  const definitions = readdirSync(join(root, 'crds')).filter((name) => name.endsWith('.yaml'))
  return {
    [`${CHART}/values.schema.json`]: chartSchema(values),
    [`${CHART}/README.md`]: chartDocument(values, read(`${CHART}/README.md`)),
    ...Object.fromEntries(
      definitions.map((name) => [
        `${CHART}/templates/definitions/${name}`,
        definitionTemplate(`crds/${name}`, read(`crds/${name}`)),
      ]),
    ),
  }
}
