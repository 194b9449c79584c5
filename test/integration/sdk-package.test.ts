import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { before, describe, type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { makeSdkPackage } from '../../scripts/sdk-package.ts'
import { GrpcApi } from '../fixtures/grpc-api.ts'
import { HttpApi } from '../fixtures/http-api.ts'
import { serveResp } from '../fixtures/memory-resp.ts'
import { temporaryFolder } from '../fixtures/temporary-folder.ts'

/** The client library as its users get it: packed, installed into another project, with every sample of its README run. */

const run = promisify(execFile)
const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const CHILD_LIMIT_MS = 60_000
const TAGS = { orders: 'segment', events: 'snowflake', sessions: 'uuid-v7' } as const

let project = ''
let installed = ''
let tarball = ''

before(async () => {
  project = temporaryFolder('idgen-sdk-')
  installed = join(project, 'node_modules/@idgen/client')
  makeSdkPackage(installed)
  const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', project], { cwd: installed })
  const [{ filename }] = JSON.parse(stdout) as [{ filename: string }]
  tarball = join(project, filename)
  await mkdir(join(project, 'node_modules/@types'))
  await symlink(join(ROOT, 'node_modules/@types/node'), join(project, 'node_modules/@types/node'))
  await writeFile(join(project, 'package.json'), '{ "type": "module" }\n')
})

/** The samples of the package's README, in their order, and then of the project's. */
async function samples(): Promise<string[]> {
  const pages = [join(installed, 'README.md'), join(ROOT, 'README.md')]
  const texts = await Promise.all(pages.map((path) => readFile(path, 'utf8')))
  return texts.flatMap((text) => {
    const found = [...text.matchAll(/^```ts\n([\s\S]*?)^```/gm)].map(([, code = '']) => code)
    assert.ok(found.length > 0)
    return found.map((code) => (code.includes('console.') ? code : `${code}console.log(id)\n`))
  })
}

describe('the package of the client library', () => {
  test('publint finds nothing to say about it', async () => {
    const { messages, pkg } = await publint({ pkgDir: installed, strict: true })
    assert.deepEqual(
      messages.map((message) => formatMessage(message, pkg)),
      [],
    )
  })

  test('its types are right for everybody who can import it', async () => {
    const bytes = new Uint8Array(await readFile(tarball))
    const result = await checkPackage(createPackageFromTarballData(bytes))
    assert.ok(result.types)
    // It is ESM: whoever resolves as CommonJS (node16-cjs) or as Node 10 did gets it by `await import` alone.
    const forEsm = result.problems.filter(
      (problem) =>
        !('resolutionKind' in problem) || ['node16-esm', 'bundler'].includes(problem.resolutionKind),
    )
    assert.deepEqual(forEsm, [])
  })

  test('it holds what runs, its types, README and licence, and nothing else', async () => {
    const { stdout } = await run('tar', ['-tzf', tarball])
    const files = stdout.trim().split('\n')
    const foreign = /^package\/(?:(?!dist\/|README\.md$|LICENSE$|package\.json$)|.*(?:\.test\.|test-doubles))/
    assert.deepEqual(
      files.filter((file) => foreign.test(file)),
      [],
    )
    for (const file of [
      'dist/index.js',
      'dist/index.d.ts',
      'dist/grpc.js',
      'dist/resp.js',
      'LICENSE',
      'README.md',
    ])
      assert.ok(files.includes(`package/${file}`), file)
  })

  test('it needs nothing but Node', async () => {
    const { stdout } = await run('grep', [
      '-rhoE',
      "(from|import) '[^'.]+'",
      join(installed, 'dist'),
      '--include=*.js',
    ])
    const imported = new Set(
      stdout
        .trim()
        .split('\n')
        .map((line) => line.split("'")[1] ?? ''),
    )
    assert.ok(imported.has('node:http2'), [...imported].join())
    assert.deepEqual(
      [...imported].filter((name) => !name.startsWith('node:')),
      [],
    )
  })
})

describe('the README of the client library', () => {
  test('its lines put the package into a project', async () => {
    const readme = await readFile(join(installed, 'README.md'), 'utf8')
    const [, line = ''] = /^(npm install \.\/idgen\/dist\/sdk)\b/m.exec(readme) ?? []
    const folder = temporaryFolder('idgen-sdk-user-')
    await mkdir(join(folder, 'idgen/dist'), { recursive: true })
    // What `make sdk` makes.
    await symlink(installed, join(folder, 'idgen/dist/sdk'))
    await writeFile(join(folder, 'package.json'), '{ "type": "module" }\n')
    const options = { cwd: folder, timeout: CHILD_LIMIT_MS }
    await run('sh', ['-c', `${line} --offline --no-audit --no-fund`], options)
    const program = "import { IdgenClient } from '@idgen/client'; console.log(typeof IdgenClient)"
    const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', program], options)
    assert.equal(stdout, 'function\n')
  })

  test('every sample is right for a strict compiler', async () => {
    const all = await samples()
    await Promise.all(all.map((code, i) => writeFile(join(project, `typed-${i}.ts`), code)))
    const compilerOptions = {
      strict: true,
      noEmit: true,
      exactOptionalPropertyTypes: true,
      module: 'nodenext',
      target: 'es2022',
      types: ['node'],
      skipLibCheck: false,
    }
    const config = { compilerOptions, files: all.map((_, i) => `typed-${i}.ts`) }
    await writeFile(join(project, 'tsconfig.json'), JSON.stringify(config))
    const { stdout } = await run(join(ROOT, 'node_modules/.bin/tsc'), ['-p', project]).catch(
      (error: unknown) => error as { stdout: string },
    )
    assert.equal(stdout, '')
  })

  test('every sample runs and ends by itself', async (t) => {
    const http = await httpService(t)
    const grpc = await grpcService(t)
    const resp = await respService(t)
    for (const [i, code] of (await samples()).entries()) {
      const api = code.includes('grpc()') ? grpc : code.includes('resp()') ? resp : http
      const file = join(project, `sample-${i}.ts`)
      await writeFile(file, code.replace(/(?:http|grpc|redis):\/\/localhost:\d+/g, api.endpoint))
      const { stdout } = await run(process.execPath, ['--disable-warning=ExperimentalWarning', file], {
        env: { ...process.env, IDGEN_KEY: api.key },
        timeout: CHILD_LIMIT_MS,
      })
      assert.ok(stdout.trim().length > 0, `sample ${i} prints something`)
    }
  })

  test('a process ends although an answer that nobody waits for is on its way', async (t) => {
    let connections = 0
    const silent = createServer((socket) => {
      connections += 1
      socket.on('error', () => undefined)
      t.after(() => socket.destroy())
    })
    t.after(() => silent.close())
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const address = silent.address()
    assert.ok(typeof address === 'object' && address !== null)
    const file = join(project, 'unanswered.ts')
    await writeFile(file, UNANSWERED_CLIENT)
    for (const scheme of ['http', 'redis', 'grpc']) {
      const env = { ...process.env, ENDPOINT: `${scheme}://127.0.0.1:${address.port}` }
      const { stdout } = await run(process.execPath, [file], { env, timeout: CHILD_LIMIT_MS })
      assert.doesNotMatch(stdout, /Timeout|TCP/)
    }
    assert.equal(connections, 3)
  })

  test('a process with a client that is not closed ends by itself', async (t) => {
    for (const { endpoint, key, transport } of [await httpService(t), await grpcService(t)]) {
      const file = join(project, `open-${transport}.ts`)
      await writeFile(file, OPEN_CLIENT)
      const { stdout } = await run(process.execPath, [file], {
        env: { ...process.env, IDGEN_KEY: key, ENDPOINT: endpoint, TRANSPORT: transport },
        timeout: CHILD_LIMIT_MS,
      })
      // A server that closes idle connections would end it too, late.
      assert.doesNotMatch(stdout, /Timeout|TCP/)
    }
  })
})

/** Nobody waits for what it fetches ahead, and no answer ever comes. */
const UNANSWERED_CLIENT = `
import { IdgenClient } from '@idgen/client'
import { grpc } from '@idgen/client/grpc'
import { resp } from '@idgen/client/resp'
const { ENDPOINT: endpoints } = process.env
const transport = { redis: resp(), grpc: grpc() }[endpoints.split(':')[0]]
new IdgenClient({ endpoints, transport }).numbers('demo/shop/orders', { keep: 100 })
setTimeout(() => setImmediate(() => console.log(process.getActiveResourcesInfo().join())), 200)
`

/** With connections that are kept, a block that is renewed now and then, and nodes that are asked for. */
const OPEN_CLIENT = `
import { IdgenClient } from '@idgen/client'
import { grpc } from '@idgen/client/grpc'
const client = new IdgenClient({
  endpoints: process.env.ENDPOINT,
  key: process.env.IDGEN_KEY,
  dc: 1,
  transport: process.env.TRANSPORT === 'grpc' ? grpc() : undefined,
})
await client.numbers('demo/shop/orders', { keep: 100 }).next()
setTimeout(() => setImmediate(() => console.log(process.getActiveResourcesInfo().join())), 100)
`

interface Api {
  readonly endpoint: string
  readonly key: string
  readonly transport: string
}

async function httpService(t: TestContext): Promise<Api> {
  const api = await HttpApi.start(t)
  await makeTags(api.memory)
  return {
    endpoint: await api.app.listen({ host: '127.0.0.1', port: 0 }),
    key: api.memory.keyText,
    transport: 'http',
  }
}

async function grpcService(t: TestContext): Promise<Api> {
  const api = await GrpcApi.start(t)
  await makeTags(api.memory)
  return { endpoint: `grpc://${api.address}`, key: api.memory.keyText, transport: 'grpc' }
}

async function respService(t: TestContext): Promise<Api> {
  const { memory } = await HttpApi.start(t)
  await makeTags(memory)
  const endpoint = await serveResp(t, memory.useCases)
  return { endpoint, key: memory.keyText, transport: 'resp' }
}

async function makeTags({ useCases: { catalog } }: HttpApi['memory']): Promise<void> {
  const actor = { actor: 'test', traceId: undefined }
  await catalog.createWorkspace(actor, 'demo', '')
  await catalog.createGroup(actor, 'demo', 'shop', '')
  for (const [name, algorithm] of Object.entries(TAGS))
    await catalog.createTag(actor, { workspace: 'demo', group: 'shop', name }, { algorithm })
}
