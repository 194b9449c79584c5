import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { NodeRecord } from '../app/node-record.ts'
import { loadConfig } from '../config/load.ts'
import type { Finding } from '../core/finding.ts'
import { checkEtcd } from './check-etcd.ts'
import { checkNodes, judgeNodes } from './check-nodes.ts'

const OURS = '7301/16384/2200'
const OTHER = '7302/16384/2200'

function node(name: string, database: string | undefined): NodeRecord {
  return {
    dc: 1,
    node: name,
    http: 'http://host:8080',
    grpc: 'host:50051',
    version: '1.2.3',
    startedAt: '2026-01-01T00:00:00.000Z',
    ...(database !== undefined && { database }),
  }
}

const told = (...nodes: NodeRecord[]) => {
  const { verdict, found } = judgeNodes(1, nodes, OURS)
  return [verdict, found]
}

test('processes that all use this database are well', () => {
  assert.deepEqual(told(), ['ok', 'none runs in data centre 1'])
  assert.deepEqual(told(node('a', OURS), node('b', OURS)), [
    'ok',
    '2 run in data centre 1, all on this database',
  ])
})

test('one that uses another database is bad, whatever the others do', () => {
  assert.deepEqual(told(node('a', OURS), node('b/2', OTHER), node('c', undefined)), [
    'bad',
    '1 of 3 in data centre 1 use another database than the one configured here (b/2)',
  ])
})

test('of many a few are named, without what a terminal obeys', () => {
  const names = Array.from({ length: 7 }, (_, i) => `n${i}\u001b`)
  const [, found] = told(...names.map((name) => node(name, OTHER)))
  assert.match(found ?? '', /\(n0\\u001b, n1\\u001b, n2\\u001b, n3\\u001b, n4\\u001b, …\)$/)
})

test('what an older release does not say is worth a look', () => {
  assert.deepEqual(told(node('a', OURS), node('b', undefined)), [
    'warning',
    '2 run in data centre 1, 1 do not say on which database',
  ])
})

test('a file of etcd that cannot be read is a fault of etcd, and holds no other check up', async () => {
  const config = loadConfig(undefined, {
    IDGEN_ETCD_ENDPOINTS: 'https://127.0.0.1:1',
    IDGEN_ETCD_TLS_CA: '/nowhere/ca.pem',
  })
  const findings: Finding[] = []
  await checkEtcd(findings, config)
  // The database is not asked.
  await checkNodes(findings, undefined as never, config)
  assert.equal(findings.length, 1)
  assert.deepEqual([findings[0]?.what, findings[0]?.verdict], ['etcd', 'bad'])
  assert.match(
    findings[0]?.found ?? '',
    /^etcd\.tls\.ca: the file \/nowhere\/ca\.pem cannot be read \(ENOENT\)/,
  )
})
