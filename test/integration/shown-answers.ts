import assert from 'node:assert/strict'
import type { CodeBlock } from '../../scripts/docs/documents.ts'

/** What was printed is what the document shows: other numbers, the same form. */
export function assertAnswer(output: string, answer: CodeBlock, commands: CodeBlock): void {
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
