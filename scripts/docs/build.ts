import { join, relative } from 'node:path'
import { ROOT } from './documents.ts'
import { buildSite } from './site.ts'

/** `make docs`: builds the site into dist/site and says where it begins. */
try {
  const first = buildSite(join(ROOT, 'dist/site'))
  console.log(
    `The documents are in ${relative(process.cwd(), first)}; open it in a browser, or serve the folder.`,
  )
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
