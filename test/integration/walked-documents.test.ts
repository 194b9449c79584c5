// Runs beside others: nothing in it looks at a clock.

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { type CodeBlock, codeBlocks, documents, ROOT } from '../../scripts/docs/documents.ts'
import { CODE, reasonNotToRun, WALKED } from '../../scripts/docs/walked.ts'
import { grpcurl } from '../fixtures/foreign-tools.ts'
import { assertNoneTwice } from '../fixtures/none-twice.ts'
import { UiMember } from '../fixtures/ui-member.ts'
import { withoutMariadb } from './mariadb-process.ts'
import { readersShell, type Walked, walkedService } from './readers-shell.ts'
import { assertAnswer } from './shown-answers.ts'
import { assertSession, type Session, sessionOf, typedInto } from './shown-sessions.ts'

/**
 * Documents that are run from top to bottom, each in a folder and a shell of its own, beside one service of `make run`: each
 * block of commands, and what the document says they answer. A block after `<!-- not run: why -->` is left out.
 */
test('documents do what they say', async (t) => {
  const beside = await walkedService(t)
  for (const path of WALKED)
    await t.test(path, async (one) => {
      const page = documents().find((document) => document.path === path)
      assert.ok(page !== undefined)
      if (/^mysql /m.test(page.text) && withoutMariadb !== false) return one.skip(withoutMariadb)
      const tool = /^grpcurl /m.test(page.text) ? await grpcurl(one) : undefined
      if (tool === undefined && /^grpcurl /m.test(page.text)) return
      const steps = stepsOf(codeBlocks(page).filter((block) => reasonNotToRun(page, block) === undefined))
      assert.ok(steps.length > 0, 'nothing is run')
      const shell = await readersShell(beside, path, tool)
      const outputs = await shell(
        steps.map(({ commands, session }) => (session ? typedInto(session) : commands.text)),
      )
      for (const [i, { commands, session, answers }] of steps.entries()) {
        if (session !== undefined)
          assertSession(outputs[i] ?? '', session, `${commands.path}:${commands.line}`)
        for (const answer of answers) assertAnswer(outputs[i] ?? '', answer, commands)
      }
    })
  await makeInvoices(beside)
  for (const [tag, form] of Object.entries(KINDS))
    await t.test(`what the page of demo/shop/${tag} shows under "use it" gives IDs`, (one) =>
      runSnippets(one, beside, tag, form),
    )
})

/** A first start makes no tag whose IDs are written in a format. */
async function makeInvoices({ service, key }: Walked): Promise<void> {
  const answer = await fetch(`${service.httpOrigin}/v1/workspaces/demo/groups/shop/tags`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'snippet-invoices', space: { format: { prefix: 'INV-', width: 8 } } }),
  })
  assert.equal(answer.status, 201, await answer.text())
}

/** The tags of a first start and the one above, one of each kind, and what their IDs look like. */
const KINDS = {
  orders: String.raw`\d{1,15}`,
  events: String.raw`\d{15,19}`,
  sessions: '[0-9a-f-]{36}',
  coupons: '[0-9a-f-]{36}',
  'snippet-invoices': String.raw`INV-\d{8}`,
} as const

/** As somebody who copies them into a shell, and the last into a program. */
async function runSnippets(t: TestContext, beside: Walked, tag: string, form: string): Promise<void> {
  const member = await UiMember.signIn(beside.service.httpOrigin, beside.key)
  const page = await (await member.get(`/ui/tags/demo/shop/${tag}`)).text()
  const shown = [...page.matchAll(/<figcaption class="label">([\w-]+)[\s\S]*?<pre [^>]*>([\s\S]*?)<\/pre>/g)]
  const snippets = new Map(shown.map(([, title = '', code = '']) => [title, plain(code)]))
  assert.deepEqual([...snippets.keys()], ['curl', 'gRPC', 'redis-cli', 'TypeScript'])
  const tool = await grpcurl(t)
  if (tool === undefined) return
  const program = snippets.get('TypeScript')?.replace("'@idgen/client'", `'${join(ROOT, 'sdk/index.ts')}'`)
  const shell = await readersShell(beside, '', tool)
  const outputs = await shell([
    snippets.get('curl') ?? '',
    snippets.get('gRPC') ?? '',
    snippets.get('redis-cli') ?? '',
    `cat > example.ts <<'END'\n${program}\nEND\n'${process.execPath}' example.ts`,
  ])
  // console.log writes an n behind a bigint.
  const printed = new RegExp(`(?<![\\w-])${form}(?=n?(?![\\w-]))`)
  const given = outputs.slice(0, 4).map((output) => printed.exec(output)?.[0] ?? `no ID: ${output}`)
  assert.doesNotMatch(given.join('\n'), /no ID/)
  assertNoneTwice(given)
}

/** The text of escaped HTML: the service writes every mark as its number or as one of these names. */
function plain(code: string): string {
  const names: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"' }
  return code
    .replace(/&#(\d+);/g, (_, number: string) => String.fromCodePoint(Number(number)))
    .replace(/&(amp|lt|gt|quot);/g, (_, name: string) => names[name] ?? '')
}

interface Step {
  readonly commands: CodeBlock
  /** What is typed into the command, where the block shows that. */
  readonly session?: Session
  readonly answers: readonly CodeBlock[]
}

/** Each block of commands with the answers that stand below it. Commands that nothing here can run are a mistake. */
function stepsOf(blocks: readonly CodeBlock[]): Step[] {
  const steps: (Step & { answers: CodeBlock[] })[] = []
  for (const block of blocks)
    if (block.language === 'sh') steps.push({ commands: block, answers: [] })
    else if (block.language === 'console')
      steps.push({ commands: block, session: sessionOf(block), answers: [] })
    else if (CODE.has(block.language))
      assert.fail(`${block.path}:${block.line}: ${block.language} is not run here: say which test does`)
    else if (block.language === 'json' || block.language === 'text') steps.at(-1)?.answers.push(block)
  return steps
}
