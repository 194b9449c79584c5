// Runs beside others: nothing in it looks at a clock.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { symlink } from 'node:fs/promises'
import { delimiter, dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import { type CodeBlock, codeBlocks, documents, ROOT } from '../../scripts/docs/documents.ts'
import { SHELL } from '../../scripts/docs/shell-commands.ts'
import { grpcurl } from '../fixtures/foreign-tools.ts'
import { startService } from '../fixtures/service-process.ts'
import { temporaryFolder } from '../fixtures/temporary-folder.ts'
import { until } from '../fixtures/until.ts'

/**
 * Documents that are run from top to bottom, in one shell, against a service that was just started: each block of commands,
 * and what the document says they answer. A block after `<!-- not run: why -->` is left out.
 */
const WALKED = [
  'docs/first-steps.md',
  'docs/http.md',
  'docs/grpc.md',
  'docs/handbook.md',
  'docs/resp.md',
  'docs/formats.md',
]

/** A page is a dozen calls of a second at most. */
const LIMIT_MS = 60_000

for (const path of WALKED)
  test(`${path} does what it says`, async (t) => {
    const page = documents().find((document) => document.path === path)
    assert.ok(page !== undefined)
    const tool = /^grpcurl /m.test(page.text) ? await grpcurl(t) : undefined
    if (tool === undefined && /^grpcurl /m.test(page.text)) return
    const shell = await readersShell(t, tool)
    const steps = stepsOf(codeBlocks(page).filter((block) => !leftOut(page.text, block)))
    assert.ok(steps.length > 0, 'nothing is run')
    const outputs = await shell(steps.map(({ commands }) => commands.text))
    for (const [i, { commands, answers }] of steps.entries())
      for (const answer of answers) assertAnswer(outputs[i] ?? '', answer, commands)
  })

interface Step {
  readonly commands: CodeBlock
  readonly answers: readonly CodeBlock[]
}

/** Each block of commands with the answers that stand below it. */
function stepsOf(blocks: readonly CodeBlock[]): Step[] {
  const steps: { commands: CodeBlock; answers: CodeBlock[] }[] = []
  for (const block of blocks)
    if (block.language === 'sh') steps.push({ commands: block, answers: [] })
    else if (block.language === 'json' || block.language === 'text') steps.at(-1)?.answers.push(block)
  return steps
}

/** Whether the nearest text above is the comment that says why. */
function leftOut(page: string, { line, language }: CodeBlock): boolean {
  const above = page.split('\n').slice(0, line - 2)
  const nearest = above.findLast((one) => one.trim() !== '') ?? ''
  return SHELL.has(language) && /<!-- not run: .+ -->/.test(nearest)
}

/** A shell in a reader's folder beside a service of `make run`; runs the blocks, and gives back what each printed. */
async function readersShell(
  t: TestContext,
  tool: string | undefined,
): Promise<(blocks: readonly string[]) => Promise<string[]>> {
  const folder = temporaryFolder('idgen-reader-')
  await symlink(join(ROOT, 'bin'), join(folder, 'bin'))
  await symlink(join(ROOT, 'proto'), join(folder, 'proto'))
  const data = join(folder, 'data')
  const service = await startService(
    { IDGEN_DATA_DIR: data, IDGEN_SERVER_RESP_ENABLED: 'true', IDGEN_SERVER_THREADS: '1' },
    ['--quickstart'],
  )
  t.after(() => service.stop('SIGTERM'))
  await made(join(data, 'quickstart-key'))
  const env = {
    ...process.env,
    PATH: [join(ROOT, 'bin'), dirname(tool ?? '/'), process.env['PATH']].join(delimiter),
    IDGEN_DATA_DIR: data,
  }
  return async (blocks) => {
    const script = blocks.map((block) => `${addressed(block, service)}\necho; echo '${MARK}'`).join('\n')
    const child = spawn('bash', ['-e', '-o', 'pipefail', '-c', script], {
      cwd: folder,
      env,
      timeout: LIMIT_MS,
    })
    const [out, err, code] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      new Promise((resolve) => child.on('close', resolve)),
    ])
    const outputs = out.split(`\n${MARK}\n`)
    assert.equal(code, 0, `block ${outputs.length} failed: ${blocks[outputs.length - 1]}\n${out}\n${err}`)
    return outputs
  }
}

/** Written right after the service listens. */
async function made(file: string): Promise<void> {
  await until(`${file} is made`, () => existsSync(file))
}

const MARK = '-- the end of a block --'

/** The ports of a document are those of a first start; the test's own are free ones. */
function addressed(block: string, service: Awaited<ReturnType<typeof startService>>): string {
  return block
    .replaceAll('http://localhost:8080', service.httpOrigin)
    .replaceAll('localhost:50051', service.grpcAddress)
    .replaceAll('-p 6399', `-h 127.0.0.1 -p ${service.respPort}`)
}

/** What was printed is what the document shows: other numbers, the same form. */
function assertAnswer(output: string, answer: CodeBlock, commands: CodeBlock): void {
  const place = `${answer.path}:${answer.line}`
  if (answer.language === 'text') {
    const printed = masked(output)
    for (const line of answer.text.split('\n').filter((one) => one.trim() !== ''))
      assert.ok(printed.includes(masked(line).trim()), `${place}: ${line}\nis not in\n${output}`)
    return
  }
  const expected = values(answer.text)
  const given = values(output)
  assert.equal(given.length, expected.length, `${place} answers of ${commands.text}\n${output}`)
  for (const [i, one] of expected.entries()) assertForm(given[i], one, `${place}: answer ${i + 1}`)
}

/** Numbers and random parts differ. */
function masked(line: string): string {
  return line.replace(/[0-9a-f]{6,}|\d+/g, '#').replace(/#(?:[-.:#TZ]*#)+/g, '#')
}

/** JSON values one after the other, each on a line or over several. */
function values(printed: string): unknown[] {
  const found: unknown[] = []
  let open = ''
  // curl ends no line after an answer.
  for (const line of printed.replaceAll('}{', '}\n{').split('\n')) {
    open += line
    if (open.trim() === '') continue
    try {
      found.push(JSON.parse(open))
      open = ''
    } catch {
      // It goes on in the next line.
    }
  }
  assert.equal(open.trim(), '', `no JSON: ${open}`)
  return found
}

/** Every member that the document shows is there, and of that kind. Text that is one of few words is the same. */
function assertForm(given: unknown, shown: unknown, place: string): void {
  if (Array.isArray(shown)) {
    assert.ok(Array.isArray(given), place)
    for (const [i, one] of shown.entries()) assertForm(given[i], one, `${place}[${i}]`)
  } else if (typeof shown === 'object' && shown !== null) {
    assert.ok(typeof given === 'object' && given !== null, place)
    for (const [name, one] of Object.entries(shown))
      assertForm((given as Record<string, unknown>)[name], one, `${place}.${name}`)
  } else if (typeof shown === 'string' && /^[A-Za-z][\w-]*$/.test(shown))
    assert.equal(typeof given === 'string' ? masked(given) : given, masked(shown), place)
  else assert.equal(typeof given, typeof shown, `${place}: ${JSON.stringify(given)}`)
}
