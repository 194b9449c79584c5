import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { auditedBy, auditVerdict, passes } from './audit-packages.ts'

function report(severity: string): string {
  return JSON.stringify({
    vulnerabilities: { 'left-pad': { name: 'left-pad', severity, range: '<1.3.0' } },
    metadata: {
      vulnerabilities: { info: 0, low: 0, moderate: 0, high: 0, critical: 0, [severity]: 1, total: 1 },
    },
  })
}

describe('what npm audit said', () => {
  for (const severity of ['high', 'critical'])
    test(`fails for a vulnerability that is ${severity}, and names the package`, () => {
      const { vulnerable, text } = auditVerdict(report(severity))
      assert.ok(vulnerable)
      assert.match(text, new RegExp(`${severity}: left-pad <1\\.3\\.0`))
    })

  test('passes with what is less, and says how many', () => {
    assert.deepEqual(auditVerdict(report('moderate')), {
      vulnerable: false,
      unanswered: false,
      text: 'packages of production: 1 moderate',
    })
  })

  test('passes with nothing', () => {
    const nothing = { vulnerabilities: {}, metadata: { vulnerabilities: { high: 0, total: 0 } } }
    assert.match(auditVerdict(JSON.stringify(nothing)).text, /no known vulnerability/)
  })

  for (const [what, output] of [
    ['a registry without advisories', JSON.stringify({ message: '405 Method Not Allowed', statusCode: 405 })],
    ['no output at all', ''],
  ] as const)
    test(`is not taken for a pass in silence: ${what}`, () => {
      const { vulnerable, text } = auditVerdict(output)
      assert.ok(!vulnerable)
      assert.match(text, /^LEFT OUT: .*not checked/)
    })

  test('is asked for again where the registry does not answer, and fails on CI in the end', () => {
    let asked = 0
    const silent = auditedBy(() => {
      asked += 1
      return ''
    })
    assert.equal(asked, 3)
    assert.deepEqual([passes(silent, true), passes(silent, false)], [false, true])
    const answers = ['', report('moderate')]
    assert.ok(
      passes(
        auditedBy(() => answers.shift() ?? ''),
        true,
      ),
    )
  })

  test('that there are no advisories is an answer, which fails nothing', () => {
    let asked = 0
    const none = auditedBy(() => {
      asked += 1
      return JSON.stringify({ message: '405 Method Not Allowed', statusCode: 405 })
    })
    assert.deepEqual([asked, passes(none, true)], [1, true])
    assert.ok(!passes(auditVerdict(report('high')), false))
  })
})
