import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openapiDocument } from '../service/http/openapi.ts'
import { createHttpServer } from '../service/http/server.ts'
import { VERSION } from '../service/version.ts'
import { memoryUseCases } from '../test/fixtures/memory-use-cases.ts'

/** Where the document lies, for the script and for the test that compares it. */
export const OPENAPI_FILE = join(import.meta.dirname, '../docs/openapi.json')

/** The OpenAPI document of the default configuration, as docs/openapi.json holds it. */
export async function openapiText(): Promise<string> {
  const memory = await memoryUseCases()
  const app = await createHttpServer(memory.useCases, { bodyLimit: 1_048_576, version: VERSION })
  const text = `${JSON.stringify(openapiDocument(app), undefined, 2)}\n`
  await app.close()
  await memory.stop()
  return text
}

// `--check` writes nothing and fails when the file is not what the routes say.
if (process.argv[1] === import.meta.filename) {
  const text = await openapiText()
  if (!process.argv.includes('--check')) await writeFile(OPENAPI_FILE, text)
  else if ((await readFile(OPENAPI_FILE, 'utf8').catch(() => '')) !== text) {
    console.error('docs/openapi.json is not current: run "make generate"')
    process.exitCode = 1
  }
}
