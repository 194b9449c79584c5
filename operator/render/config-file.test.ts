import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { parse } from 'yaml'
import { configFile, ignoredConfigKeys } from './config-file.ts'
import { givenKeys, LEFT_OUT, serverEnvironment, storeEnvironment } from './environment.ts'
import { flatConfig } from './flat-config.ts'
import { takenServerSettings } from './pod-template.ts'
import { type RevisionInputs, revisionInputs } from './revision.ts'
import { DEFAULT_SPEC, SAMPLES, sampleGenerator } from './sample-installations.ts'

const inputs = (spec: Parameters<typeof sampleGenerator>[0] = {}): RevisionInputs =>
  revisionInputs(sampleGenerator(spec), { image: 'registry.example/idgen' })

const certified = revisionInputs(SAMPLES['client-certificates']?.().generator ?? sampleGenerator(), {
  image: 'x',
})

const file = (spec: Parameters<typeof sampleGenerator>[0] = {}): Record<string, unknown> =>
  parse(configFile(inputs(spec))) as Record<string, unknown>

describe('the configuration file', () => {
  test('holds a line for each key, in order, whatever the values are', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ minLength: 1 }), fc.jsonValue()), (config) => {
        const read = file({ config })
        for (const [key, value] of flatConfig(config))
          if (!givenKeys(inputs()).has(key) && !LEFT_OUT.has(key))
            assert.deepEqual(read[key], JSON.parse(JSON.stringify(value)))
      }),
    )
  })

  test('puts the spec above its config, and its config above what is left open', () => {
    const config = { database: { pool: { max: 7, min: 1, acquireTimeout: '9s' } }, 'server.drainDelay': '0s' }
    const open = file({ config })
    assert.deepEqual(
      [open['database.pool.max'], open['database.pool.min'], open['server.drainDelay']],
      [7, 1, '0s'],
    )
    const said = file({ config, database: { ...DEFAULT_SPEC.database, pool: { max: 30, min: 3 } } })
    assert.deepEqual([said['database.pool.max'], said['database.pool.acquireTimeout']], [30, '9s'])
  })

  test('leaves out what the environment says, also as a file, and tells it', () => {
    const config = {
      server: { http: { port: 9 } },
      database: { urlFile: '/x' },
      datacenter: { id: 3 },
      log: { level: 'warn' },
    }
    assert.deepEqual(
      Object.keys(file({ config })).filter((key) => /port|url|datacenter/.test(key)),
      [],
    )
    assert.equal(file({ config })['log.level'], 'warn')
    assert.deepEqual(ignoredConfigKeys(inputs({ config })), [
      'database.urlFile',
      'datacenter.id',
      'server.http.port',
    ])
  })

  test('leaves out how many worker ids a pod has, which are counted as one, and says so', () => {
    const config = { server: { workerIds: 4 } }
    assert.equal(file({ config })['server.workerIds'], undefined)
    assert.deepEqual(ignoredConfigKeys(inputs({ config })), ['server.workerIds'])
    const env = [{ name: 'IDGEN_SERVER_WORKER_IDS', value: '4' }]
    const taken = takenServerSettings(inputs({ pod: { ...inputs({}).pod, env } }))
    assert.deepEqual([taken.env, taken.ignored.length], [[], 1])
  })

  test('leaves out whether the metrics port speaks TLS, which a field says, and says so', () => {
    const config = { server: { metrics: { tls: true } } }
    assert.equal(file({ config })['server.metrics.tls'], undefined)
    assert.deepEqual(ignoredConfigKeys(inputs({ config })), ['server.metrics.tls'])
    const pod = {
      ...inputs({}).pod,
      env: [{ name: 'IDGEN_SERVER_METRICS_TLS', value: 'true' }],
      annotations: { 'idgen.io/metrics-scheme': 'https' },
    }
    const taken = takenServerSettings(inputs({ pod }))
    assert.deepEqual([taken.env, taken.annotations, taken.ignored.length], [[], {}, 2])
  })

  test('leaves out whom pods refuse, which the operator writes, and says so', () => {
    const config = { auth: { refusedClients: 'CN:x' } }
    assert.equal(file({ config })['auth.refusedClients'], undefined)
    assert.deepEqual(ignoredConfigKeys(inputs({ config })), ['auth.refusedClients'])
    const env = [{ name: 'IDGEN_AUTH_REFUSED_CLIENTS', value: '' }]
    assert.deepEqual(takenServerSettings(inputs({ pod: { ...inputs({}).pod, env } })).env, [])
  })

  test('keeps what the spec does not say: a user of Redis in the config only', () => {
    assert.equal(file({ config: { redis: { timeout: '1ms', ttl: 1000 } } })['redis.timeout'], '1ms')
    assert.deepEqual(ignoredConfigKeys(inputs({ config: { redis: { timeout: '1ms' } } })), [])
  })

  test('says who may come with a certificate as the service reads it, and how the UI is', () => {
    const read = parse(configFile(certified)) as Record<string, unknown>
    assert.equal(
      serverEnvironment(certified, false).find(({ name }) => name === 'IDGEN_AUTH_CLIENTS')?.value,
      'billing URI:spiffe://example.org/billing issue acme/billing; ops CN:ops.example issue,manage,audit',
    )
    assert.deepEqual(
      [read['server.ui.enabled'], read['server.ui.grafanaUrl']],
      [true, 'https://grafana.example'],
    )
    assert.equal(file({ ui: { enabled: false } })['server.ui.enabled'], false)
    assert.equal(file()['server.ui.enabled'], undefined, 'an image from before the key still starts')
    const config = { auth: { clients: 'x CN:x issue' }, server: { https: { clientCa: '/x' } } }
    assert.deepEqual(ignoredConfigKeys({ ...certified, config }), ['auth.clients', 'server.https.clientCa'])
    assert.deepEqual(ignoredConfigKeys(inputs({ config })), [])
  })

  test('leaves the UI as the config says where the spec does not say it, and names what the spec says', () => {
    const config = { server: { ui: { enabled: false, grafanaUrl: 'https://old.example' } } }
    const grafanaUrl = 'https://grafana.example'
    for (const [ui, enabled, url, ignored] of [
      [{}, false, 'https://old.example', []],
      [{ grafanaUrl }, false, grafanaUrl, ['server.ui.grafanaUrl']],
      [{ enabled: true }, true, 'https://old.example', ['server.ui.enabled']],
      [{ enabled: true, grafanaUrl }, true, grafanaUrl, ['server.ui.enabled', 'server.ui.grafanaUrl']],
    ] as const) {
      const read = file({ config, ui })
      assert.deepEqual([read['server.ui.enabled'], read['server.ui.grafanaUrl']], [enabled, url])
      assert.deepEqual(ignoredConfigKeys(inputs({ config, ui })), ignored)
    }
    assert.equal(file({ ui: { grafanaUrl } })['server.ui.enabled'], undefined)
  })

  test('says whether limits are shared only where the spec says so, and then above its config', () => {
    const config = { limits: { shared: true, perKey: 5 } }
    assert.equal(file()['limits.shared'], undefined, 'an image from before the key still starts')
    assert.equal(file({ config, limits: {} })['limits.shared'], true)
    assert.equal(file({ config, limits: { shared: false } })['limits.shared'], false)
    assert.equal(file({ limits: { shared: true } })['limits.shared'], true)
    assert.deepEqual(ignoredConfigKeys(inputs({ config, limits: { shared: false } })), ['limits.shared'])
    assert.deepEqual(ignoredConfigKeys(inputs({ config, limits: {} })), [])
  })

  test('lets drain and requests in flight end within the grace period', () => {
    for (const [terminationGracePeriodSeconds, drain, shutdown] of [
      [10, '2s', '6s'],
      [20, '5s', '10s'],
      [45, '5s', '30s'],
      [3600, '5s', '600s'],
    ] as const) {
      const read = file({ pod: { ...DEFAULT_SPEC.pod, terminationGracePeriodSeconds } })
      assert.deepEqual([read['server.drainDelay'], read['server.shutdownTimeout']], [drain, shutdown])
    }
  })
})

describe('the environment of pods', () => {
  const DOCUMENT = readFileSync(join(import.meta.dirname, '../../docs/configuration.md'), 'utf8')
  const full = revisionInputs(SAMPLES['full']?.().generator ?? sampleGenerator(), { image: 'x' })

  test('sets only variables and keys that the service knows', () => {
    // One that ends so may also name the key itself: audit.file.
    const known = (name: string): boolean =>
      [name, name.replace(/_FILE$/, '')].some((one) => DOCUMENT.includes(`\`${one}\``))
    const names = [full, certified].flatMap((all) => serverEnvironment(all, true).map(({ name }) => name))
    assert.deepEqual(
      [...new Set(names)].filter((name) => !known(name)),
      ['POD_IP'],
    )
    assert.deepEqual(
      [...givenKeys(full), ...givenKeys(certified), ...Object.keys(file())].filter((key) => !known(key)),
      [],
    )
  })

  test('gives a migration the stores, and nothing of the server', () => {
    const names = storeEnvironment(full, true).map(({ name }) => name)
    assert.ok(names.includes('IDGEN_DATABASE_URL_FILE') && names.includes('IDGEN_ETCD_TLS_CERT'))
    assert.deepEqual(
      names.filter((name) => /SERVER|AUTH/.test(name)),
      [],
    )
  })

  test('has no client certificate for etcd where the Secret has none', () => {
    const names = serverEnvironment(full, false).map(({ name }) => name)
    assert.deepEqual(
      names.filter((name) => name.startsWith('IDGEN_ETCD_TLS')),
      ['IDGEN_ETCD_TLS_CA'],
    )
  })

  test('advertises addresses of the kind that pods listen on', () => {
    const advertised = (host: string) =>
      serverEnvironment(inputs({ config: { server: { http: { host } } } }), false).find(
        ({ name }) => name === 'IDGEN_SERVER_ADVERTISE_HTTP',
      )?.value
    assert.equal(advertised('0.0.0.0'), 'http://$(POD_IP):8080')
    assert.equal(advertised('::'), 'http://[$(POD_IP)]:8080')
  })

  test('brings values of the spec to the service as they are written, whatever Kubernetes puts in for a $', () => {
    const odd = '$(POD_IP)/$$/$$(X)/$'
    const given = inputs({
      etcd: { endpoints: [`http://etcd/${odd}`], prefix: `/${odd}` },
      redis: { endpoints: [`redis://cache/${odd}`], cluster: false },
      auth: {
        clients: {
          authoritySecret: { name: 'a', key: 'ca.crt' },
          allowed: [{ name: 'a', certificate: `CN:${odd}`, scopes: ['issue'] }],
        },
      },
    })
    const variables = new Map(serverEnvironment(given, false).map(({ name, value }) => [name, value ?? '']))
    const seen = (name: string): string => expanded(variables.get(name) ?? '')
    assert.equal(seen('IDGEN_ETCD_ENDPOINTS'), `http://etcd/${odd}`)
    assert.equal(seen('IDGEN_ETCD_PREFIX'), `/${odd}`)
    assert.equal(seen('IDGEN_REDIS_ENDPOINTS'), `redis://cache/${odd}`)
    assert.equal(seen('IDGEN_AUTH_CLIENTS'), `a CN:${odd} issue`)
    assert.equal(seen('IDGEN_SERVER_ADVERTISE_GRPC'), '10.0.0.1:50051')
  })

  test('gives each pod a file of its own for the audit log, above what the config says', () => {
    const config = { audit: { file: '/tmp/elsewhere', key: 'k' } }
    const of = (given: RevisionInputs) =>
      serverEnvironment(given, false).find(({ name }) => name === 'IDGEN_AUDIT_FILE')?.value
    const given = inputs({ config, auditFile: { emptyDir: {} } })
    assert.equal(of(given), '/var/lib/idgen/audit/$(IDGEN_SERVER_NODE_NAME).ndjson')
    const names = serverEnvironment(given, false).map(({ name }) => name)
    assert.ok(
      names.indexOf('IDGEN_SERVER_NODE_NAME') < names.indexOf('IDGEN_AUDIT_FILE'),
      'or it stays as it is',
    )
    assert.deepEqual(ignoredConfigKeys(given), ['audit.file'])
    assert.equal(of(inputs({ config })), undefined)
    assert.deepEqual(ignoredConfigKeys(inputs({ config })), [])
  })

  test('encrypts the listener for Redis clients where TLS is required, above what the config says', () => {
    const config = { server: { resp: { port: 1, maxConnections: 7 } } }
    const variables = (mode: 'Optional' | 'Required') =>
      serverEnvironment(inputs({ config, resp: { enabled: true }, tls: { mode } }), false)
        .filter(({ name }) => name.startsWith('IDGEN_SERVER_RESP'))
        .map(({ value }) => value)
    assert.deepEqual(variables('Optional'), ['true', '6399', 'false'])
    assert.deepEqual(variables('Required'), ['true', '6399', 'true'])
    assert.deepEqual(ignoredConfigKeys(inputs({ config, resp: { enabled: true } })), ['server.resp.port'])
  })

  test('leaves migrations to the pods only where the Job does not run', () => {
    const migrate = (value: boolean) =>
      serverEnvironment(inputs({ database: { ...DEFAULT_SPEC.database, migrate: value } }), false).find(
        ({ name }) => name === 'IDGEN_DATABASE_MIGRATE',
      )?.value
    assert.deepEqual([migrate(true), migrate(false)], ['false', undefined])
  })
})

/** As the kubelet does: $$ is one $, $(NAME) a variable before it, all else stays. */
function expanded(value: string): string {
  return value.replaceAll(/\$\$|\$\(POD_IP\)/g, (found) => (found === '$$' ? '$' : '10.0.0.1'))
}
