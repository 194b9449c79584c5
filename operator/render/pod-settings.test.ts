import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { takenSettings } from './pod-settings.ts'
import { DEFAULT_SPEC } from './sample-installations.ts'

const own = {
  variables: new Set(['IDGEN_OURS']),
  volumes: new Set(['idgen-config']),
  folders: ['/etc/idgen/config', '/tmp'],
}
const taken = (pod: Partial<typeof DEFAULT_SPEC.pod>) => takenSettings({ ...DEFAULT_SPEC.pod, ...pod }, own)

/** Each makes the image that is allowed run, load or trust something else. */
const CODE_VARIABLES = [
  'BASH_ENV',
  'BASH_FUNC_node%%',
  'ENV',
  'GCONV_PATH',
  'HOME',
  'LD_AUDIT',
  'LD_LIBRARY_PATH',
  'LD_PRELOAD',
  'NODE_COMPILE_CACHE',
  'NODE_EXTRA_CA_CERTS',
  'NODE_OPTIONS',
  'NODE_PATH',
  'NODE_TLS_REJECT_UNAUTHORIZED',
  'OPENSSL_CONF',
  'OPENSSL_MODULES',
  'PATH',
  'SHELLOPTS',
  'SSL_CERT_FILE',
]

/** At, below and around the files of the image, in each spelling that a runtime takes. */
const IMAGE_MOUNTS = [
  '/app',
  '/app/',
  '/app/bin/idgen',
  '/app/dist/service',
  '/app/node_modules/pg',
  '/bin/sh',
  '/dev/shm',
  '/etc/ld.so.preload',
  '/etc/ssl/openssl.cnf',
  '/home',
  '/lib',
  '/lib/x86_64-linux-gnu',
  '/lib64',
  '/node_modules',
  '/nodejs/bin',
  '/opt/tools',
  '/proc/self',
  '/root',
  '/sbin',
  '/sys/fs',
  '/usr',
  '/usr/local/bin',
  'app/bin',
  '//app//bin',
  '/x/../app/bin',
  '/./usr/./local',
]

describe('settings of pods', () => {
  test('are taken as they are', () => {
    const pod = {
      labels: { team: 'a' },
      annotations: { note: 'b' },
      env: [{ name: 'A', value: '1' }],
      volumes: [{ name: 'v', secret: { secretName: 's' } }],
      volumeMounts: [{ name: 'v', mountPath: '/v' }],
    }
    assert.deepEqual(taken(pod), { ...pod, ignored: [] })
  })

  test('may have a projected volume without a token', () => {
    const volumes = [{ name: 'v', projected: { sources: [{ configMap: { name: 'c' } }, null] } }]
    assert.deepEqual(taken({ volumes }).volumes, volumes)
    assert.equal(taken({ volumes: [{ name: 'v', projected: {} }] }).ignored.length, 0)
  })

  test('may be none at all', () => {
    assert.deepEqual(taken({}), {
      labels: {},
      annotations: {},
      env: [],
      volumes: [],
      volumeMounts: [],
      ignored: [],
    })
  })

  test('given twice count as the last one says', () => {
    const env = [
      { name: 'A', value: '1' },
      { name: 'B', value: '2' },
      { name: 'A', value: '3' },
    ]
    assert.deepEqual(taken({ env }).env, [
      { name: 'A', value: '3' },
      { name: 'B', value: '2' },
    ])
  })

  for (const [what, pod, told] of [
    [
      'a variable of the operator',
      { env: [{ name: 'IDGEN_OURS', value: 'x' }] },
      'variable IDGEN_OURS: the operator sets it',
    ],
    ...CODE_VARIABLES.map(
      (name) =>
        [
          `the variable ${name}`,
          { env: [{ name, value: '/extra/code' }] },
          `variable ${name}: it would load code or trust from outside of the image`,
        ] as const,
    ),
    ...IMAGE_MOUNTS.map(
      (mountPath) =>
        [
          `a mount at ${mountPath}`,
          { volumeMounts: [{ name: 'v', mountPath, subPath: 'x' }] },
          `mount ${mountPath}: the image's own files lie there`,
        ] as const,
    ),
    [
      'a token of the ServiceAccount',
      {
        volumes: [
          { name: 'v', projected: { sources: [{ secret: {} }, { serviceAccountToken: { path: 't' } }] } },
        ],
      },
      'volume v: serviceAccountToken would let the pods call the API server',
    ],
    [
      'a volume of the operator',
      { volumes: [{ name: 'idgen-config', emptyDir: {} }] },
      "volume idgen-config: the name is the operator's own",
    ],
    [
      'a folder of the node',
      { volumes: [{ name: 'v', hostPath: { path: '/' } }] },
      /^volume v: hostPath is none of configMap, /,
    ],
    [
      'a mount over our files',
      { volumeMounts: [{ name: 'v', mountPath: '/tmp/' }] },
      "mount /tmp/: the operator's own files lie there",
    ],
    [
      'a mount around our files',
      { volumeMounts: [{ name: 'v', mountPath: '/etc/idgen' }] },
      /^mount \/etc\/idgen: /,
    ],
    ['a mount inside our files', { volumeMounts: [{ name: 'v', mountPath: '/tmp/x' }] }, /^mount \/tmp\/x: /],
    ['a mount over everything', { volumeMounts: [{ name: 'v', mountPath: '/' }] }, /^mount \/: /],
    [
      'a mount over everything, in other words',
      { volumeMounts: [{ name: 'v', mountPath: '/x/..' }] },
      /^mount \/x\/\.\.: /,
    ],
    [
      'a switched-off confinement',
      { annotations: { 'container.apparmor.security.beta.kubernetes.io/idgen': 'unconfined' } },
      /^annotation container\.apparmor/,
    ],
  ] as const)
    test(`leave out ${what}, and say so`, () => {
      const { ignored, env, volumes, volumeMounts, annotations } = taken(pod)
      assert.deepEqual([env, volumes, volumeMounts, annotations], [[], [], [], {}])
      assert.equal(ignored.length, 1)
      if (typeof told === 'string') assert.equal(ignored[0], told)
      else assert.match(ignored[0] ?? '', told)
    })

  test('lose the mounts of a volume that is left out, or no pod could be made', () => {
    const { volumeMounts, ignored } = taken({
      volumes: [{ name: 'host', hostPath: { path: '/' } }],
      volumeMounts: [{ name: 'host', mountPath: '/host' }],
    })
    assert.deepEqual(volumeMounts, [])
    assert.equal(ignored[1], 'mount /host: volume host is left out')
  })

  test('keep a mount beside our files and the image’s: a longer name is another folder', () => {
    for (const mountPath of ['/tmpx', '/appendix', '/data/app', '/var/lib/orders', '/srv', '/user'])
      assert.deepEqual(taken({ volumeMounts: [{ name: 'v', mountPath }] }).ignored, [], mountPath)
  })

  test('keep variables that only sound like those that load code', () => {
    for (const name of ['TZ', 'PGAPPNAME', 'MY_PATH', 'PATH_TO_X', 'OLD_X', 'HOMEPAGE', 'MALLOC_ARENA_MAX'])
      assert.deepEqual(taken({ env: [{ name, value: 'x' }] }).ignored, [], name)
  })
})
