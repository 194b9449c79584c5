import type { CodeBlock, Document } from './documents.ts'
import { SHELL } from './shell-commands.ts'

/**
 * Pages that test/integration/walked-documents.test.ts runs from top to bottom, in this order, against one service that was
 * just started. A page stands before those whose traces it would meet: docs/http.md shows the first tags of demo/shop, to
 * which docs/formats.md adds; docs/handbook.md moves every tag on.
 */
export const WALKED = [
  'docs/first-steps.md',
  'docs/http.md',
  'docs/grpc.md',
  'docs/resp.md',
  'docs/formats.md',
  'docs/migration.md',
  'docs/keys.md',
  'docs/admin-ui.md',
  'docs/alerts.md',
  'docs/health.md',
  'docs/audit.md',
  'docs/data-centres.md',
  'docs/runbooks/README.md',
  'docs/runbooks/IdgenWrongKeys.md',
  'docs/handbook.md',
] as const

/** Languages of blocks that somebody could run; the others are data, which other tests read. */
export const CODE = new Set([...SHELL, 'ts', 'js', 'python', 'java', 'go', 'sql'])

/** Why a page does not run a block itself: the text of `<!-- not run: … -->` above it; undefined for those that are run. */
export function reasonNotToRun({ text }: Document, { line, language }: CodeBlock): string | undefined {
  if (!CODE.has(language)) return undefined
  const above = text.split('\n').slice(0, line - 2)
  const nearest = above.findLast((one) => one.trim() !== '') ?? ''
  return /<!-- not run: (.+) -->/.exec(nearest)?.[1]
}
