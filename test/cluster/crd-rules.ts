import { BIZ_TAG, ID_GENERATOR } from '../../operator/api/kinds.ts'
import type { Resource } from '../../operator/runtime/resource.ts'

const LAYOUT = { unitMs: 10, timeBits: 38, sequenceBits: 4 }

/** Each row: what is refused, the spec, and the words that tell what to do. */
export const REFUSED: readonly [Resource, string, object, string][] = [
  [
    ID_GENERATOR,
    'algorithm beside chain',
    { defaults: { algorithm: 'segment', chain: ['segment'] } },
    'give algorithm or chain, not both',
  ],
  [
    ID_GENERATOR,
    'a chain in another order',
    { defaults: { chain: ['snowflake', 'segment'] } },
    'chain must follow the order segment, snowflake, uuid-v7, uuid-v4',
  ],
  [
    ID_GENERATOR,
    'steps that decrease',
    { defaults: { step: { min: 2, base: 1 } } },
    'min, base and max must not decrease',
  ],
  [
    ID_GENERATOR,
    'a maximum below the base',
    { defaults: { step: { base: 3, max: 2 } } },
    'min, base and max must not decrease',
  ],
  [
    ID_GENERATOR,
    'a maximum below the minimum',
    { defaults: { step: { min: 3, max: 2 } } },
    'min, base and max must not decrease',
  ],
  [
    ID_GENERATOR,
    'autoscaling between nothing',
    { autoscaling: { minReplicas: 5, maxReplicas: 4 } },
    'minReplicas must not be above maxReplicas',
  ],
  [
    ID_GENERATOR,
    'a default minimum above the maximum',
    { autoscaling: { maxReplicas: 2 } },
    'minReplicas must not be above maxReplicas',
  ],
  [
    ID_GENERATOR,
    'a pool between nothing',
    { database: { secret: { name: 'x' }, pool: { min: 3, max: 2 } } },
    'min must not be above max',
  ],
  [ID_GENERATOR, 'Redis without servers', { redis: {} }, 'give endpoints or secret, one of them'],
  [
    ID_GENERATOR,
    'Redis given twice',
    { redis: { endpoints: ['redis://a:6379'], secret: { name: 'x' } } },
    'give endpoints or secret, one of them',
  ],
  [
    ID_GENERATOR,
    'limits that are shared by nothing',
    { limits: { shared: true } },
    'limits.shared needs redis, by which processes tell each other what callers used',
  ],
  [
    ID_GENERATOR,
    'an authority for a Redis that is not encrypted',
    { redis: { endpoints: ['rediss://a:6379', 'redis://b:6379'], tls: { secretName: 'x' } } },
    'with tls all endpoints must begin with rediss://, or they would not be encrypted',
  ],
  [
    ID_GENERATOR,
    'a certificate for two names',
    {
      auth: {
        clients: {
          authoritySecret: { name: 'x' },
          allowed: ['a', 'b'].map((name) => ({ name, certificate: 'CN:x', scopes: ['issue'] })),
        },
      },
    },
    'each certificate must be named once',
  ],
  [
    ID_GENERATOR,
    'two certificates',
    { tls: { secretName: 'x', issuerRef: { name: 'y' } } },
    'give secretName or issuerRef, not both',
  ],
  [
    ID_GENERATOR,
    'shares that shrink',
    { canary: { steps: [{ weight: 50 }, { weight: 5 }, { weight: 100 }] } },
    'weights must grow from step to step',
  ],
  [
    ID_GENERATOR,
    'a rollout that stops halfway',
    { canary: { steps: [{ weight: 50 }] } },
    'the last step must have weight 100',
  ],
  [
    ID_GENERATOR,
    'a metric without any meaning',
    { canary: { analysis: { metrics: [{ name: 'luck', max: '1' }] } } },
    'a metric without query is errorRate, p99Milliseconds or degradedShare',
  ],
  [
    ID_GENERATOR,
    'a metric without a bound',
    { canary: { analysis: { metrics: [{ name: 'errorRate' }] } } },
    'give max or maxRatioToStable',
  ],
  [
    ID_GENERATOR,
    'Prometheus without an address',
    { canary: { analysis: { provider: 'Prometheus' } } },
    'provider Prometheus needs prometheusUrl',
  ],
  [
    ID_GENERATOR,
    'a query that nobody answers',
    { canary: { analysis: { metrics: [{ name: 'x', query: 'up', max: '1' }] } } },
    'a metric with a query needs provider Prometheus',
  ],
  [
    ID_GENERATOR,
    'WeCom without a receiver',
    { alerts: { weCom: { corpId: 'a', agentId: 'b', secret: { name: 'c', key: 'd' } } } },
    'give toUser, toParty or toTag ("@all" in toUser reaches everybody)',
  ],
  [
    ID_GENERATOR,
    'a selector that is missing',
    { allowedNamespaces: { from: 'Selector' } },
    'from Selector needs selector',
  ],
  [
    BIZ_TAG,
    'algorithm beside chain',
    { algorithm: 'segment', chain: ['segment'] },
    'give algorithm or chain, not both',
  ],
  [
    BIZ_TAG,
    'a chain in another order',
    { chain: ['uuid-v7', 'segment'] },
    'chain must follow the order segment, snowflake, uuid-v7, uuid-v4',
  ],
  [BIZ_TAG, 'steps that decrease', { step: { base: 10, max: 9 } }, 'min, base and max must not decrease'],
  [
    BIZ_TAG,
    'a format before UUIDs',
    { chain: ['segment', 'uuid-v7'], space: { format: { prefix: 'A' } } },
    'a tag with a format ends before the UUIDs, which are no numbers',
  ],
  [
    BIZ_TAG,
    'a format of UUIDs',
    { algorithm: 'uuid-v4', space: { format: { prefix: 'A' } } },
    'a tag with a format ends before the UUIDs, which are no numbers',
  ],
  [
    BIZ_TAG,
    'dates before snowflakes',
    { chain: ['segment', 'snowflake'], space: { format: { reset: 'day', width: 6 } } },
    'with reset or shuffleKey the tag is segment alone',
  ],
  [
    BIZ_TAG,
    'a shuffle of snowflakes',
    { algorithm: 'snowflake', space: { format: { shuffleKey: '0f'.repeat(16), width: 6 } } },
    'with reset or shuffleKey the tag is segment alone',
  ],
  [
    BIZ_TAG,
    'dates without a width',
    { space: { format: { reset: 'day' } } },
    'width is needed with reset, it says how many IDs a date has',
  ],
  [
    BIZ_TAG,
    'a time zone without dates',
    { space: { format: { utcOffsetMinutes: 480 } } },
    'utcOffsetMinutes and separator belong to a format with reset',
  ],
  [BIZ_TAG, 'an empty format', { space: { format: {} } }, 'an empty format says nothing, leave it out'],
  [
    BIZ_TAG,
    'segments beside a layout',
    { chain: ['segment', 'snowflake'], space: { format: { snowflake: LAYOUT } } },
    'with a snowflake layout of its own the chain begins with snowflake',
  ],
  [
    BIZ_TAG,
    'segments first beside a layout',
    { algorithm: 'segment', space: { format: { snowflake: LAYOUT } } },
    'with a snowflake layout of its own the chain begins with snowflake',
  ],
  [
    BIZ_TAG,
    'UUIDs behind a layout that is written',
    { chain: ['snowflake', 'uuid-v7'], space: { format: { snowflake: LAYOUT, prefix: 'A' } } },
    'a tag with a format ends before the UUIDs, which are no numbers',
  ],
  [
    BIZ_TAG,
    'dates beside a layout',
    { space: { format: { snowflake: LAYOUT, reset: 'day', width: 6 } } },
    'snowflake has no reset and no shuffleKey, it carries a date and an order of its own',
  ],
  [
    BIZ_TAG,
    'a layout of 64 bits',
    { space: { format: { snowflake: { timeBits: 43, sequenceBits: 10 } } } },
    'the bits are 63 at most, with 3 for the data centre and 8 for the worker where they are left out',
  ],
  [
    BIZ_TAG,
    'a check that its radix has not',
    { space: { format: { radix: 62, check: 'iso7064' } } },
    'iso7064 is for radix 10 and 36; with 62 use luhn',
  ],
]

/** What was, what is wanted, and the words. */
export const FIXED: readonly [Resource, string, object, object, string][] = [
  [
    ID_GENERATOR,
    'another data centre',
    { datacenter: 1 },
    { datacenter: 2 },
    'datacenter is fixed, because numbers of two data centres must never meet; make another IdGenerator',
  ],
  [
    ID_GENERATOR,
    'a data centre left out, which means 0',
    { datacenter: 1 },
    {},
    'datacenter is fixed, because numbers of two data centres must never meet; make another IdGenerator',
  ],
  [
    ID_GENERATOR,
    'no etcd any more',
    { etcd: { endpoints: ['http://a:2379'] } },
    {},
    'etcd cannot be taken away, its witness protects numbers already granted; see "idgen coordination switch"',
  ],
  [
    ID_GENERATOR,
    'another prefix in etcd',
    { etcd: { endpoints: ['http://a:2379'] } },
    { etcd: { endpoints: ['http://a:2379'], prefix: '/other' } },
    'etcd.prefix is fixed, below it stand the worker ids and the witness of numbers already granted',
  ],
  [
    BIZ_TAG,
    'another workspace',
    {},
    { workspace: 'other' },
    'workspace, group and tag are fixed; make another BizTag',
  ],
  [
    BIZ_TAG,
    'another group',
    {},
    { group: 'other' },
    'workspace, group and tag are fixed; make another BizTag',
  ],
  [BIZ_TAG, 'another tag', {}, { tag: 'other' }, 'workspace, group and tag are fixed; make another BizTag'],
  [
    BIZ_TAG,
    'another generator',
    {},
    { generatorRef: { name: 'other' } },
    'generatorRef is fixed; numbers do not move between installations',
  ],
  [
    BIZ_TAG,
    'another number space',
    { space: { startAt: 1 } },
    { space: { startAt: 2 } },
    'space is fixed when the tag is made',
  ],
  [
    BIZ_TAG,
    'another format',
    { space: { format: { prefix: 'A', width: 6 } } },
    { space: { format: { prefix: 'A', width: 7 } } },
    'space is fixed when the tag is made',
  ],
  [BIZ_TAG, 'a number space left out', { space: { startAt: 1 } }, {}, 'space is fixed when the tag is made'],
  [
    BIZ_TAG,
    'a number space given later',
    {},
    { space: { startAt: 1 } },
    'space is fixed when the tag is made',
  ],
]

/** What a bound or a pattern refuses, and the field that is named. */
export const OUT_OF_BOUNDS: readonly [Resource, object, string][] = [
  [ID_GENERATOR, { replicas: 193 }, 'spec.replicas'],
  [ID_GENERATOR, { autoscaling: { maxReplicas: 193 } }, 'spec.autoscaling.maxReplicas'],
  [ID_GENERATOR, { datacenter: 8 }, 'spec.datacenter'],
  [ID_GENERATOR, { auditFile: {} }, 'spec.auditFile'],
  [
    ID_GENERATOR,
    { auditFile: { emptyDir: {}, persistentVolumeClaim: { claimName: 'a' } } },
    'spec.auditFile',
  ],
  [ID_GENERATOR, { auditFile: { emptyDir: { sizeLimit: 'much' } } }, 'spec.auditFile.emptyDir.sizeLimit'],
  [ID_GENERATOR, { image: 'two words' }, 'spec.image'],
  [ID_GENERATOR, { canary: { steps: [{ weight: 100, hold: '1d' }] } }, 'spec.canary.steps[0].hold'],
  [ID_GENERATOR, { canary: { steps: [{ weight: 100 }, { weight: 100 }] } }, 'spec.canary.steps[1]'],
  [
    ID_GENERATOR,
    { podDisruptionBudget: { maxUnavailable: 'some' } },
    'spec.podDisruptionBudget.maxUnavailable',
  ],
  [ID_GENERATOR, { podDisruptionBudget: { maxUnavailable: -1 } }, 'spec.podDisruptionBudget.maxUnavailable'],
  [ID_GENERATOR, { tls: { dnsNames: ['a b'] } }, 'spec.tls.dnsNames[0]'],
  [ID_GENERATOR, { etcd: { endpoints: ['a:2379'] } }, 'spec.etcd.endpoints[0]'],
  [
    ID_GENERATOR,
    { allowedNamespaces: { workspaces: [{ namespace: 'team-*', workspaces: ['shop'] }] } },
    'spec.allowedNamespaces.workspaces[0].namespace',
  ],
  [
    ID_GENERATOR,
    { allowedNamespaces: { workspaces: [{ namespace: 'team', workspaces: ['Shop'] }] } },
    'spec.allowedNamespaces.workspaces[0].workspaces[0]',
  ],
  [
    ID_GENERATOR,
    {
      auth: {
        clients: {
          authoritySecret: { name: 'x' },
          // Where one entry would become two.
          allowed: [{ name: 'a', certificate: 'CN:x;b CN:y manage', scopes: ['issue'] }],
        },
      },
    },
    'spec.auth.clients.allowed[0].certificate',
  ],
  [BIZ_TAG, { tag: 'Order' }, 'spec.tag'],
  [BIZ_TAG, { chain: [] }, 'spec.chain'],
  [BIZ_TAG, { algorithm: 'random' }, 'spec.algorithm'],
  [BIZ_TAG, { space: { startAt: 2 ** 53 } }, 'spec.space.startAt'],
  [BIZ_TAG, { space: { format: { prefix: 'a b' } } }, 'spec.space.format.prefix'],
  [BIZ_TAG, { space: { format: { radix: 16 } } }, 'spec.space.format.radix'],
  [BIZ_TAG, { space: { format: { shuffleKey: 'secret' } } }, 'spec.space.format.shuffleKey'],
]

const SERVICES =
  'a name must not end in -stable, -canary or -metrics, because Services of another IdGenerator may be called so; choose another name'

/** Names of IdGenerators, and the words. */
export const REFUSED_NAMES: readonly [string, string][] = ['-stable', '-canary', '-metrics'].map((end) => [
  `orders${end}`,
  SERVICES,
])
