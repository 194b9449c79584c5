import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pinoOperatorLog } from './pino-operator-log.ts'

test('each line names its event, its level and the pod, and says why in full', () => {
  const lines: string[] = []
  const log = pinoOperatorLog('info', 'operator-1', { write: (line) => void lines.push(line) })
  log.debug({ kind: 'Secret', count: 3 }, 'listed')
  log.warn(
    { err: new Error('no way'), key: 'shop/orders', controller: 'c', failures: 2 },
    'reconcile failed and is tried again',
  )
  const [line, ...more] = lines.map((text) => JSON.parse(text) as Record<string, unknown>)
  assert.deepEqual(more, [])
  assert.deepEqual(
    [line?.['event'], line?.['level'], line?.['pod'], line?.['key'], line?.['msg']],
    ['reconcile.failed', 'warn', 'operator-1', 'shop/orders', 'reconcile failed and is tried again'],
  )
  assert.match(JSON.stringify(line?.['err']), /no way/)
})
