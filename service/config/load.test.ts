import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { temporaryFolder } from '../../test/fixtures/temporary-folder.ts'
import { IdgenError } from '../core/errors.ts'
import type { Environment } from './environment-layer.ts'
import { loadConfig, loadConfigText } from './load.ts'

const folder = temporaryFolder('idgen-config-')

function file(name: string, content: string): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

/** The faults as "path message" lines. */
function faultsOf(yaml: string, environment: Environment = {}): string[] {
  try {
    loadConfigText(yaml, '/etc/idgen/idgen.yaml', environment)
  } catch (error) {
    assert.ok(error instanceof IdgenError)
    assert.equal(error.code, 'IDGEN_CONFIG_INVALID')
    return error.faults.map(({ path, message }) => `${path} ${message}`)
  }
  return []
}

describe('layers', () => {
  test('the environment stands above the file, and the file above the defaults', () => {
    const path = file('layers.yaml', 'server: { http: { port: 1000 }, grpc: { port: 1001 } }')
    const { server } = loadConfig(path, { IDGEN_SERVER_GRPC_PORT: '2001' })
    assert.deepEqual([server.http.port, server.grpc.port, server.metrics.port], [1000, 2001, 9464])
  })

  test('an empty variable counts as not set', () => {
    assert.equal(loadConfig(undefined, { IDGEN_SERVER_HTTP_PORT: '' }).server.http.port, 8080)
  })

  test('names with dots serve like nested maps', () => {
    assert.equal(loadConfigText('server.http: { port: 99 }', 'f', {}).server.http.port, 99)
  })

  test('an alias stands for what it names', () => {
    const config = loadConfigText(
      'database: { pool: { acquireTimeout: &t 3s } }\nserver: { shutdownTimeout: *t }',
      'f',
      {},
    )
    assert.deepEqual([config.database.pool.acquireTimeout, config.server.shutdownTimeout], [3000, 3000])
  })

  for (const nothing of ['', '# nothing', '---\n', 'server:\n  # port: 80\n', '{}'])
    test(`a file that sets nothing is valid: ${JSON.stringify(nothing)}`, () =>
      assert.deepEqual(faultsOf(nothing), []))
})

describe('values', () => {
  test('durations are milliseconds, with or without a unit', () => {
    const values = ['2500', '2500ms', '30s', '2m', '1h'].map(
      (text) => loadConfig(undefined, { IDGEN_CAPACITY_CHECK_EVERY: text }).capacity.checkEvery,
    )
    assert.deepEqual(values, [2500, 2500, 30_000, 120_000, 3_600_000])
  })

  test('an epoch is a day, a moment or milliseconds', () => {
    const epochs = ['2024-01-01', '2024-01-01T00:00:00Z', '1704067200000'].map(
      (text) => loadConfig(undefined, { IDGEN_SNOWFLAKE_EPOCH: text }).snowflake.epoch,
    )
    assert.deepEqual(epochs, [1_704_067_200_000, 1_704_067_200_000, 1_704_067_200_000])
  })

  test('a number in quotes is text and refused where a number belongs', () => {
    assert.deepEqual(faultsOf('server: { http: { port: "80" } }'), [
      'server.http.port must be an integer from 0 to 65535, not "80" (idgen.yaml:1:19)',
    ])
  })

  for (const [given, what] of [
    ['server: { http: { port: 65536 } }', 'an integer from 0 to 65535, not 65536'],
    ['server: { http: { port: -1 } }', 'not -1'],
    ['server: { http: { port: 1.5 } }', 'not 1.5'],
    ['server: { http: { port: .nan } }', 'not NaN'],
    ['server: { http: { port: true } }', 'not true'],
    ['server: { nodeName: 7 }', 'must be text'],
    ['audit: { key: guess }', 'audit.key must be 32 characters or more, and has 5'],
    ['auth: { adminKey: fifteen-letters }', 'auth.adminKey must be 16 characters or more, and has 15'],
    ['server: { nodeName: "a\\nb" }', 'must not hold control characters'],
    ['auth: { enabled: "yes" }', 'must be true or false, not "yes"'],
    ['auth: { enabled: 1 }', 'must be true or false, not 1'],
    ['log: { level: loud }', 'must be one of debug, info, warn, error, silent, not "loud"'],
    ['server: { shutdownTimeout: 30 s }', 'must be a duration from 0 to 600000 ms'],
    ['server: { shutdownTimeout: 99999999999999999999d }', 'must be a duration'],
    ['snowflake: { epoch: yesterday }', 'must be Unix milliseconds or a UTC moment'],
    ['snowflake: { epoch: 2024-13-45 }', 'must be Unix milliseconds or a UTC moment'],
    ['data: { dir: "" }', 'must name a folder'],
    ['datacenter: { id: 8 }', 'from 0 to 7, not 8'],
    ['datacenter: { id: }', 'has no value'],
    ['datacenter: { id: [1] }', 'takes no list'],
    ['datacenter: { id: { a: 1 } }', 'takes one value'],
    ['datacenter: 3', 'must hold keys and values'],
    ['3: 4', 'holds a name that is not text: 3'],
    ['just text', 'must hold keys and values'],
  ] as const)
    test(`is refused: ${given}`, () => {
      const faults = faultsOf(given)
      assert.equal(faults.length, 1, faults.join('\n'))
      assert.ok(faults[0]?.includes(what), faults[0])
    })

  test('an admin key that no caller could show is refused', () => {
    const of = (length: number) => ({ IDGEN_AUTH_ADMIN_KEY: 'k'.repeat(length) })
    assert.deepEqual(faultsOf('', of(513)), [
      'auth.adminKey must be at most 512 characters (IDGEN_AUTH_ADMIN_KEY)',
    ])
    assert.deepEqual(faultsOf('', of(512)), [])
  })
})

describe('faults', () => {
  test('all are reported at once, those of the file and those of the environment', () => {
    const faults = faultsOf('server:\n  http: { port: x }\n  htpp: {}\nlog: { level: loud }', {
      IDGEN_DATACENTER_ID: '9',
      IDGEN_SERVER_HTTP_PROT: '80',
    })
    assert.deepEqual(faults, [
      'server.htpp is unknown: did you mean server.http? (idgen.yaml:3:3)',
      'IDGEN_SERVER_HTTP_PROT is unknown: did you mean IDGEN_SERVER_HTTP_PORT?',
      'server.http.port must be an integer from 0 to 65535, not "x" (idgen.yaml:2:11)',
      'log.level must be one of debug, info, warn, error, silent, not "loud" (idgen.yaml:4:8)',
      'datacenter.id must be an integer from 0 to 7, not "9" (IDGEN_DATACENTER_ID)',
    ])
  })

  test('a fault of the file is reported although a variable stands above it', () => {
    assert.equal(faultsOf('datacenter: { id: 9 }', { IDGEN_DATACENTER_ID: '1' }).length, 1)
  })

  test('a right name at the wrong depth is told where it belongs', () => {
    assert.deepEqual(faultsOf('acquireTimeout: 5s'), [
      'acquireTimeout is unknown: did you mean database.pool.acquireTimeout? (idgen.yaml:1:1)',
    ])
  })

  test('an unknown name that resembles none gets no proposal', () => {
    assert.deepEqual(faultsOf('kubernetes: {}'), ['kubernetes is unknown (idgen.yaml:1:1)'])
  })

  for (const name of ['__proto__', 'constructor', 'prototype', 'toString', 'server.__proto__'])
    test(`the name ${name} is refused and changes no object`, () => {
      assert.match(faultsOf(`${name}: { polluted: true }`)[0] ?? '', /is unknown/)
      assert.equal(({} as Record<string, unknown>)['polluted'], undefined)
    })

  test('text that is no YAML is refused with its place, without faults that follow from it', () => {
    const faults = faultsOf('server: {', { IDGEN_DATABASE_POOL_MAX: '5' })
    assert.ok(faults.length > 0)
    for (const fault of faults)
      assert.match(fault, /^idgen\.yaml is not valid YAML: .+ \(idgen\.yaml:\d+:\d+\)$/)
  })

  test('a key given twice is refused', () => {
    assert.match(
      faultsOf('log: { level: info }\nlog.level: warn')[0] ?? '',
      /is given twice, see idgen\.yaml:1:8/,
    )
    assert.match(faultsOf('log: { level: info }\nlog: { level: warn }')[0] ?? '', /not valid YAML/)
  })

  test('brackets nested by the thousand are refused, not a crash', () => {
    assert.match(faultsOf('['.repeat(50_000))[0] ?? '', /is not valid YAML/)
  })

  test('a file that is missing, a folder or too large is refused', () => {
    assert.throws(() => loadConfig(join(folder, 'none.yaml'), {}), /none\.yaml" cannot be read \(ENOENT\)/)
    assert.throws(() => loadConfig(folder, {}), /is not a file/)
    assert.throws(() => loadConfig(file('large.yaml', '#'.repeat(1_048_577)), {}), /is larger than/)
  })
})

describe('rules between keys', () => {
  for (const [yaml, expected] of [
    [
      'database: { pool: { max: 5 } }',
      'database.pool.min must not be above database.pool.max (5), not 10, its default',
    ],
    [
      'snowflake: { renewEvery: 30s }',
      'snowflake.renewEvery must be below 0.8 × snowflake.lease (24000), not 30000',
    ],
    ['snowflake: { window: 1s }', 'snowflake.renewEvery must be below snowflake.window (1000)'],
    [
      'snowflake: { window: 1s, renewEvery: 900ms }',
      'snowflake.borrowMax must be below snowflake.window (1000)',
    ],
    [
      'segment: { refillDeadline: 2001ms }',
      'segment.refillDeadline must not be above server.generate.deadline',
    ],
    [
      'server: { generate: { maxRuns: 9999 } }',
      'server.generate.maxText must not be above server.generate.maxRuns',
    ],
    [
      'snowflake: { lease: 10s, renewEvery: 8s }',
      'snowflake.renewEvery must be below 0.8 × snowflake.lease (8000), not 8000: stamping',
    ],
    ['etcd: { tls: { cert: /c.pem } }', 'etcd.tls.cert needs etcd.tls.key beside it'],
    ['etcd: { tls: { key: /k.pem } }', 'etcd.tls.key needs etcd.tls.cert beside it'],
    ['etcd: { password: secret }', 'etcd.password needs etcd.username beside it'],
    [
      'etcd: { endpoints: "http://etcd:2379", tls: { ca: /ca.pem } }',
      'etcd.tls.ca needs etcd.endpoints that begin with https://, not http://etcd:2379',
    ],
    [
      'redis: { endpoints: "redis://:secret@cache", tls: { ca: /ca.pem } }',
      'redis.tls.ca needs redis.endpoints that begin with rediss://',
    ],
    ['database: { tls: { ca: /ca.pem } }', 'database.tls.ca needs database.url beside it'],
    [
      'database: { url: "postgres://db/x?sslmode=disable", tls: { ca: /ca.pem } }',
      'database.tls.ca needs database.url with sslmode=verify-full or without sslmode',
    ],
    ['server: { https: { cert: /c.pem } }', 'server.https.cert needs server.https.key beside it'],
    ['server: { https: { key: /k.pem } }', 'server.https.key needs server.https.cert beside it'],
    [
      'server: { trustedProxies: "10.0.0.0/8, lb.example" }',
      'server.trustedProxies must be addresses and networks like 10.0.0.0/8 with commas between, not "lb.example"',
    ],
    ['server: { grpc: { tls: true } }', 'server.grpc.tls needs server.https.cert beside it'],
    [
      'server: { https: { cert: /c.pem, key: /k.pem, port: 8080 } }',
      'server.https.port must differ from server.http.port, both are 8080',
    ],
    [
      'server: { resp: { enabled: true, port: 8080 } }',
      'server.resp.port must differ from server.http.port, both are 8080',
    ],
    ['server: { resp: { tls: true } }', 'server.resp.tls needs server.https.cert beside it'],
    ['server: { metrics: { tls: true } }', 'server.metrics.tls needs server.https.cert beside it'],
    ['limits: { shared: true }', 'limits.shared needs redis.endpoints beside it'],
    ['server: { grpc: { port: 8080 } }', 'server.grpc.port must differ from server.http.port, both are 8080'],
  ] as const)
    test(`is refused: ${yaml}`, () =>
      assert.ok(faultsOf(yaml)[0]?.startsWith(expected), faultsOf(yaml).join('\n')))

  test('bounds that are equal are allowed where the rule says at most', () => {
    assert.deepEqual(faultsOf('database: { pool: { max: 10 } }\nsegment: { refillDeadline: 2s }'), [])
  })

  test('the port of HTTPS is nothing where no HTTPS is offered', () => {
    assert.deepEqual(faultsOf('server: { https: { port: 8080 } }'), [])
  })

  test('all ports may be 0', () => {
    assert.deepEqual(faultsOf('server: { http: { port: 0 }, grpc: { port: 0 }, metrics: { port: 0 } }'), [])
  })
})

describe('foreign variables', () => {
  test('those that Kubernetes makes of Services called idgen are left alone', () => {
    const links = {
      IDGEN_SERVICE_HOST: '10.0.0.7',
      IDGEN_SERVICE_PORT: '80',
      IDGEN_SERVICE_PORT_HTTP: '80',
      IDGEN_PORT: 'tcp://10.0.0.7:80',
      IDGEN_PORT_80_TCP: 'tcp://10.0.0.7:80',
      IDGEN_PORT_80_TCP_ADDR: '10.0.0.7',
      IDGEN_GRPC_SERVICE_HOST: '10.0.0.8',
      IDGEN_GRPC_PORT: 'tcp://10.0.0.8:80',
    }
    assert.deepEqual(faultsOf('', links), [])
  })

  test('IDGEN_CONFIG, the tests’ own and those of others are left alone', () => {
    assert.deepEqual(
      faultsOf('', { IDGEN_CONFIG: '/x', IDGEN_TEST_KILLS: '3', PATH: '/bin', IDGENERATOR: '1' }),
      [],
    )
  })

  test('a misspelt port is refused although it looks like a service link', () => {
    assert.deepEqual(faultsOf('', { IDGEN_HTTP_PORT: '80' }).length, 1)
  })
})

test('endpoints of other services need a group, and a group is two names', () => {
  const path = 'server.compatibility.group'
  assert.deepEqual(faultsOf('', { IDGEN_SERVER_COMPATIBILITY_LEAF: 'true' }), [
    `${path} must be workspace/group, not ""`,
  ])
  assert.deepEqual(faultsOf('', { IDGEN_SERVER_COMPATIBILITY_GROUP: 'acme' }), [
    `${path} must be workspace/group, not "acme"`,
  ])
  const on = { IDGEN_SERVER_COMPATIBILITY_TINYID: 'true', IDGEN_SERVER_COMPATIBILITY_GROUP: 'acme/shop' }
  assert.equal(loadConfig(undefined, on).server.compatibility.group, 'acme/shop')
})
