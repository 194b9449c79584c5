import assert from 'node:assert/strict'
import { test } from 'node:test'
import { shellCommands } from './shell-commands.ts'

function commands(text: string, language = 'sh'): string[] {
  return shellCommands({ path: 'a.md', language, text, line: 1 }).map(({ program, args }) =>
    [program, ...args].join(' '),
  )
}

test('variables, comments and continued lines are no commands of their own', () => {
  assert.deepEqual(commands('# first\nA=1 B="x y" make run # now\nmake \\\n  test'), [
    'make run',
    'make test',
  ])
  assert.deepEqual(commands('KEY=abc\nTAGS=x'), [])
})

test('pipes, lists and background jobs are commands each', () => {
  assert.deepEqual(commands('a | b && c; d || e'), ['a', 'b', 'c', 'd', 'e'])
  assert.deepEqual(commands("curl 'http://x/?a=1&b=2' -d '{\"a\": 1}'"), [
    "curl 'http://x/?a=1&b=2' -d '{\"a\": 1}'",
  ])
})

test('the text of a here-document is none, and in a console only what follows the prompt is', () => {
  assert.deepEqual(commands("kubectl apply --filename - <<'END'\nkind: X\nEND\nmake run"), [
    'kubectl apply --filename -',
    'make run',
  ])
  assert.deepEqual(commands('$ redis-cli INCR a\n(integer) 1', 'console'), ['redis-cli INCR a'])
})
