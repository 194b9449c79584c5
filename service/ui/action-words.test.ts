import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { UiVisitor } from '../../test/fixtures/ui-visitor.ts'
import { ACTION_WORDS } from './action-words.ts'

const SERVICE = join(import.meta.dirname, '..')
/** Where an action stands in a template, what can come of it: `worker.${event.kind}`. */
const MADE: Readonly<Record<string, readonly string[]>> = {
  'store.${kind}': ['store.history', 'store.regressed', 'store.blind'],
  'time.${event.kind}': ['time.copy-behind', 'time.copy-caught-up'],
  'worker.${event.kind}': ['worker.acquired', 'worker.lost', 'worker.released', 'worker.unavailable'],
  'alert.${status}': ['alert.firing', 'alert.resolved'],
}

/** Every action that anything writes into the audit log. */
function writtenActions(): string[] {
  const lines = globSync(['app/*.ts', 'cli/*.ts', 'ui/**/*.ts', '*.ts'], { cwd: SERVICE })
    .filter((file) => !file.endsWith('.test.ts') && !file.endsWith('action-words.ts'))
    .flatMap((file) => readFileSync(join(SERVICE, file), 'utf8').split('\n'))
    .filter((line) => /\baction(?:: | = )|#record\(|#tell\(/.test(line))
  const found = lines.flatMap((line) => [
    ...line.matchAll(/'([a-z]+(?:\.[a-z-]+)?)'|`([a-z]+\.\$\{[^`]*\})`/g),
  ])
  const actions = found.flatMap(([, plain = '', made]) =>
    made === undefined ? [plain] : (MADE[made] ?? [made]),
  )
  return [...new Set(actions.filter((action) => action.includes('.') || action === 'generate'))].sort()
}

test('every action of the audit log is described in both languages, and none that nothing writes', () => {
  const written = writtenActions()
  assert.deepEqual(Object.keys(ACTION_WORDS.en).sort(), written)
  assert.deepEqual(Object.keys(ACTION_WORDS.zh).sort(), written)
  for (const text of Object.values(ACTION_WORDS.zh)) assert.match(text, /\p{Script=Han}{2}/u)
})

test('what idgen tag release writes is no deletion', () => {
  assert.match(ACTION_WORDS.en['tag.forget'], /^declaration of a tag forgotten.*the tag stays$/)
  assert.match(ACTION_WORDS.zh['tag.forget'], /声明，标签保留$/)
  for (const words of Object.values(ACTION_WORDS)) assert.doesNotMatch(words['tag.forget'], /delete|删除/)
})

test('the page shows the code, what it means, who that is and how it ended', async (t) => {
  const visitor = await UiVisitor.signedIn(t)
  const { audit } = visitor.api.memory.service
  audit.record({ actor: 'system', action: 'worker.lost', subject: 'dc 0 worker 1', detail: {} })
  audit.record({ actor: 'x', action: 'of.tomorrow', subject: 's', result: 'IDGEN_FORBIDDEN', detail: {} })
  audit.record({ actor: 'y', action: 'of.tomorrow', subject: 's', result: 'elsewise', detail: {} })
  await visitor.api.memory.audited()
  const english = await visitor.see('/ui/audit')
  assert.match(english, />worker\.lost<\/span>.*worker id lost/s)
  assert.match(english, />system<\/span>.*a process of idgen/s)
  await visitor.send('/ui/preferences', { language: 'zh' })
  const chinese = await visitor.see('/ui/audit')
  assert.match(chinese, />worker\.lost<\/span>.*失去工作机器编号/s)
  assert.match(chinese, />system<\/span>.*系统进程/s)
  assert.match(chinese, />成功</)
  // The code stays, for the filter; an error has its title beside it.
  assert.match(chinese, /IDGEN_FORBIDDEN<\/span>.*此 API 密钥无权执行该操作/s)
  // A newer process writes what this one does not know: as it is.
  assert.match(chinese, />of\.tomorrow<\/span><\/td>/)
  assert.match(chinese, />elsewise</)
})
