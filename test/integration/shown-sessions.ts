import assert from 'node:assert/strict'
import type { CodeBlock } from '../../scripts/docs/documents.ts'

/** A `console` block: a command of the shell after `$ `, and what is typed into it after `> ` with its answer below. */
export interface Session {
  readonly command: string
  readonly exchanges: readonly { readonly typed: string; readonly answer: readonly string[] }[]
}

export function sessionOf({ path, line, text }: CodeBlock): Session {
  const [first = '', ...rest] = text.split('\n')
  const place = `${path}:${line}`
  assert.match(first, /^\$ redis-cli /, `${place}: begin with the command that what follows is typed into`)
  const exchanges: { typed: string; answer: string[] }[] = []
  for (const one of rest)
    if (one.startsWith('> ')) exchanges.push({ typed: one.slice(2), answer: [] })
    else {
      const last = exchanges.at(-1)
      assert.ok(last !== undefined, `${place}: ${one} answers nothing`)
      last.answer.push(one)
    }
  assert.ok(exchanges.length > 0, `${place}: nothing is typed`)
  return { command: first.slice(2), exchanges }
}

/** The session as commands of a shell; redis-cli writes as to a terminal, and a mark after each answer. */
export function typedInto({ command, exchanges }: Session): string {
  const lines = exchanges.flatMap(({ typed }) => [typed, `ECHO ${MARK}`])
  return `${command.replace('redis-cli ', 'redis-cli --no-raw ')} <<'END'\n${lines.join('\n')}\nEND`
}

/** Each answer has lines of every form that the document shows, and of no other: how many of each is of the moment. */
export function assertSession(output: string, { exchanges }: Session, place: string): void {
  const given = output.split(`"${MARK}"\n`)
  for (const [i, { typed, answer }] of exchanges.entries())
    assert.deepEqual(forms(given[i]?.split('\n') ?? []), forms(answer), `${place}: ${typed}\n${output}`)
}

const MARK = 'end-of-an-answer'

function forms(lines: readonly string[]): string[] {
  return [...new Set(lines.filter((line) => line.trim() !== '').map(formOf))].sort()
}

/** Names stay; of other texts their kind is left, of numbers nothing. */
function formOf(line: string): string {
  return line
    .replace(/"([^"]*)"( =>)?/g, (whole, value: string, names?: string) =>
      names === undefined ? kindOf(value) : whole,
    )
    .replace(/\d+/g, '#')
    .trim()
}

function kindOf(value: string): string {
  return KINDS.find(([, pattern]) => pattern.test(value))?.[0] ?? 'text'
}

const KINDS: readonly (readonly [kind: string, pattern: RegExp])[] = [
  ['number', /^\d+$/],
  ['UUID', /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/],
  ['time', /^\d{4}-\d{2}-\d{2}T[\d:.]+Z$/],
  ['version', /^\d+\.\d+\.\d+/],
  ['HTTP', /^http:\/\/\S+:\d+$/],
  ['Redis', /^redis:\/\/\S+:\d+$/],
  ['address', /^\S+:\d+$/],
]
