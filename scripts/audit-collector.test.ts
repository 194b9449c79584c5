import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { parse } from 'yaml'
import { auditLine } from '../service/core/audit-line.ts'

interface CollectorConfig {
  readonly extensions: Readonly<Record<string, object>>
  readonly receivers: Readonly<
    Record<
      string,
      {
        readonly storage: string
        readonly operators: readonly {
          readonly type: string
          readonly timestamp: Readonly<Record<'parse_from' | 'layout_type' | 'layout', string>>
        }[]
      }
    >
  >
  readonly exporters: Readonly<Record<string, object>>
  readonly service: {
    readonly extensions: readonly string[]
    readonly pipelines: {
      readonly logs: { readonly receivers: readonly string[]; readonly exporters: readonly string[] }
    }
  }
}

test('the configuration of a collector in docs/audit.md is one, and finds the time of a record where it says', () => {
  const page = readFileSync(new URL('../docs/audit.md', import.meta.url), 'utf8')
  const block = /```yaml\n(extensions:\n[^]*?)```/.exec(page)?.[1] ?? ''
  const { extensions, receivers, exporters, service } = parse(block) as CollectorConfig
  const { logs } = service.pipelines
  // What a pipeline names must be there, and what is there must be named: the collector refuses the one and never starts the other.
  assert.deepEqual(Object.keys(extensions), service.extensions)
  assert.deepEqual(Object.keys(receivers), logs.receivers)
  assert.deepEqual(Object.keys(exporters), logs.exporters)
  const { storage, operators } = receivers['filelog'] ?? assert.fail('no filelog')
  assert.ok(storage in extensions)
  const [{ type, timestamp } = assert.fail('no operator')] = operators
  assert.deepEqual([type, timestamp.layout_type], ['json_parser', 'gotime'])
  const record = JSON.parse(
    auditLine({
      at: new Date(Date.UTC(2006, 0, 2, 15, 4, 5)),
      actor: 'k1',
      action: 'tag.update',
      subject: 'w/g/t',
      workspace: 'w',
      result: 'ok',
      traceId: undefined,
      detail: {},
    }),
  ) as Record<string, unknown>
  // Go writes the form of a time as that of one certain moment; Z07:00 stands for Z and for offsets.
  const written = record[timestamp.parse_from.replace('attributes.', '')]
  assert.equal(written, timestamp.layout.replace('Z07:00', 'Z'))
})
