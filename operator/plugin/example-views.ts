import type {
  IdGeneratorStatus,
  IdGeneratorStatusRolloutAnalysisSample,
} from '../api/generated/id-generator.ts'
import type { BizTag, IdGenerator } from '../api/kinds.ts'
import { printTimestamp } from '../core/timestamp.ts'
import type { EventLine, GeneratorView } from './generator-view.ts'

/** States of an IdGenerator as an operator leaves them, for tests of what is drawn. */
export const NOW_MS = Date.UTC(2026, 10, 26, 10, 48)
const STABLE = 'a1b2c3d4e5'
const CANARY = 'f6e7d8c9b0'
const OLD_IMAGE = 'registry.example.com/platform/idgen:1.4.0'
const NEW_IMAGE = 'registry.example.com/platform/idgen:1.5.0'

function minutesAgo(minutes: number): string {
  return printTimestamp(NOW_MS - minutes * 60_000)
}

function condition(type: string, status: 'True' | 'False', reason: string, message = '') {
  return { type, status, reason, message, lastTransitionTime: minutesAgo(50) } as const
}

const QUIET: IdGeneratorStatus = {
  conditions: [
    condition('Ready', 'True', 'AsWanted', `Revision ${STABLE} is the wanted one.`),
    condition('Available', 'True', 'EnoughPods'),
    condition('RolloutHealthy', 'True', 'AsWanted'),
  ],
  replicas: 3,
  readyReplicas: 3,
  readyOfDesired: '3/3',
  stableRevision: STABLE,
  stableImage: OLD_IMAGE,
  share: '100%',
  usedPercent: '12.5',
  revisions: [{ revision: STABLE, image: OLD_IMAGE, desired: 3, available: 3 }],
  bizTags: { total: 2, ready: 2 },
}

const ROLLOUT = {
  revision: CANARY,
  image: NEW_IMAGE,
  state: 'Progressing',
  startedAt: minutesAgo(50),
  stepIndex: 0,
  stepCount: 3,
  stepsHash: '5@24h 50@24h+approval 100',
  stepStartedAt: minutesAgo(48),
  desiredWeight: 5,
  actualWeight: 25,
  message: 'the step is held',
} as const

const UNDER_WAY: IdGeneratorStatus = {
  ...QUIET,
  conditions: [
    condition('Ready', 'True', 'CanaryStep', `Revision ${CANARY} at 5 % (step 1 of 3): the step is held.`),
  ],
  readyOfDesired: '4/4',
  canaryRevision: CANARY,
  share: '25% (5% wanted)',
  revisions: [
    { revision: STABLE, image: OLD_IMAGE, desired: 3, available: 3 },
    { revision: CANARY, image: NEW_IMAGE, desired: 1, available: 1 },
    { revision: '0011223344', image: 'registry.example.com/platform/idgen:1.3.9', desired: 0, available: 0 },
  ],
}

function sample(
  minutes: number,
  p99: string,
  verdict: 'Pass' | 'Fail',
): IdGeneratorStatusRolloutAnalysisSample {
  const fails = verdict === 'Fail' ? { message: `p99Milliseconds ${p99} is above 10` } : {}
  return {
    at: minutesAgo(minutes),
    verdict,
    ...fails,
    metrics: [
      { name: 'errorRate', canary: '0.0002', stable: '0.0001', samples: 5120, verdict: 'Pass' },
      { name: 'p99Milliseconds', canary: p99, stable: '3.9', samples: 5120, verdict },
    ],
  }
}

const PASSING = {
  phase: 'Passing',
  startedAt: minutesAgo(48),
  consecutiveFailures: 0,
  consecutiveErrors: 0,
  samples: ['4.1', '4.0', '4.4', '9.2', '4.1', '4.2', '4.1', '3.9', '4.0', '4.1'].map((p99, at) =>
    sample(9 - at, p99, 'Pass'),
  ),
} as const

const FAILING = {
  phase: 'Failing',
  startedAt: minutesAgo(48),
  consecutiveFailures: 2,
  consecutiveErrors: 0,
  samples: ['4.1', '8.0', '25.5', '31'].map((p99, at) =>
    sample(3 - at, p99, Number(p99) > 10 ? 'Fail' : 'Pass'),
  ),
} as const

const EVENTS: readonly EventLine[] = [
  {
    type: 'Normal',
    reason: 'CanaryPaused',
    note: `Revision ${CANARY} waits at 5 %: the step is held until 2026-11-27T10:00:00Z.`,
    at: minutesAgo(48),
    count: 1,
  },
  {
    type: 'Normal',
    reason: 'RevisionCreated',
    note: `Revision ${CANARY} is new.`,
    at: minutesAgo(50),
    count: 1,
  },
]

function tag(name: string, status: BizTag['status'], namespace = 'shop'): BizTag {
  return {
    apiVersion: 'idgen.io/v1alpha1',
    kind: 'BizTag',
    metadata: { name, namespace, uid: name, resourceVersion: '1' },
    spec: {
      generatorRef: { name: 'orders' },
      workspace: 'shop',
      group: 'orders',
      tag: name,
      deletionPolicy: 'Retain',
    },
    ...(status === undefined ? {} : { status }),
  }
}

export const TAGS: readonly BizTag[] = [
  tag('invoice', {
    conditions: [condition('Ready', 'True', 'Synced')],
    algorithm: 'segment',
    usedPercent: '12.5',
    datacenters: [
      { id: 0, usedPercent: '12.5' },
      { id: 1, usedPercent: '3.1' },
    ],
  }),
  tag('parcel', {
    conditions: [condition('Ready', 'True', 'Synced')],
    algorithm: 'snowflake',
    usedPercent: '0',
  }),
]

export const TROUBLED_TAGS: readonly BizTag[] = [
  ...TAGS,
  tag('payment', {
    conditions: [
      condition(
        'Ready',
        'False',
        'TagAlreadyClaimed',
        'shop/orders/payment is declared by BizTag billing/payment; delete one of the two.',
      ),
    ],
    algorithm: 'segment',
    usedPercent: '96.2',
  }),
  tag('refund', undefined, 'billing'),
]

export function generator(
  status: IdGeneratorStatus | undefined,
  annotations: Record<string, string> = {},
): IdGenerator {
  return {
    apiVersion: 'idgen.io/v1alpha1',
    kind: 'IdGenerator',
    metadata: { name: 'orders', namespace: 'shop', uid: 'u1', resourceVersion: '7', annotations },
    spec: SPEC,
    ...(status === undefined ? {} : { status }),
  }
}

const SPEC = {
  datacenter: 2,
  replicas: 3,
  canary: {
    strategy: 'Canary',
    steps: [
      { weight: 5, hold: '24h', requireApproval: false },
      { weight: 50, hold: '24h', requireApproval: true },
      { weight: 100, hold: '0s', requireApproval: false },
    ],
    analysis: {
      failureLimit: 2,
      errorLimit: 5,
      metrics: [
        { name: 'errorRate', max: '0.01' },
        { name: 'p99Milliseconds', max: '10', maxRatioToStable: '2' },
      ],
    },
  },
  // What is drawn needs no more of it; the API server would fill in the rest.
} as unknown as IdGenerator['spec']

function view(status: IdGeneratorStatus | undefined, rest: Partial<GeneratorView> = {}): GeneratorView {
  return {
    nowMs: NOW_MS,
    flags: ' -n shop',
    generator: generator(status),
    tags: TAGS,
    events: EVENTS,
    gaps: [],
    ...rest,
  }
}

const HOLD = {
  reason: 'Hold',
  since: minutesAgo(48),
  until: printTimestamp(NOW_MS + 23.2 * 3_600_000),
} as const

export const EXAMPLES = {
  new: view(undefined, { events: [], tags: [] }),
  quiet: view({
    ...QUIET,
    rollout: {
      ...ROLLOUT,
      revision: STABLE,
      image: OLD_IMAGE,
      state: 'Promoted',
      stepIndex: 2,
      finishedAt: minutesAgo(3000),
      message: 'it follows 0011223344',
    },
  }),
  hold: view({ ...UNDER_WAY, rollout: { ...ROLLOUT, pause: HOLD, analysis: PASSING } }),
  'pods-missing': view({
    ...UNDER_WAY,
    conditions: [
      condition('Ready', 'True', 'CanaryStep'),
      condition(
        'RolloutHealthy',
        'False',
        'ProgressDeadlineExceeded',
        'Pod orders-f6e7d8c9b0-x is ImagePullBackOff: manifest unknown.',
      ),
    ],
    rollout: {
      ...ROLLOUT,
      actualWeight: 0,
      message: 'pods are changing',
      waiting: { since: minutesAgo(2), available: 0 },
    },
  }),
  approval: view({
    ...UNDER_WAY,
    share: '50%',
    rollout: {
      ...ROLLOUT,
      stepIndex: 1,
      desiredWeight: 50,
      actualWeight: 50,
      pause: { reason: 'Approval', since: minutesAgo(5) },
      analysis: PASSING,
    },
  }),
  paused: view({ ...UNDER_WAY, rollout: { ...ROLLOUT, pause: { reason: 'User', since: minutesAgo(5) } } }),
  failing: view({ ...UNDER_WAY, rollout: { ...ROLLOUT, pause: HOLD, analysis: FAILING } }),
  'cannot-be-judged': view({
    ...UNDER_WAY,
    rollout: {
      ...ROLLOUT,
      message: 'it cannot be judged: http://prometheus:9090 does not answer',
      pause: { reason: 'AnalysisError', since: minutesAgo(3) },
      analysis: {
        phase: 'Error',
        consecutiveFailures: 0,
        consecutiveErrors: 3,
        samples: [
          {
            at: minutesAgo(1),
            verdict: 'Error',
            message: 'http://prometheus:9090 does not answer',
            metrics: [],
          },
        ],
      },
    },
  }),
  full: view({
    ...UNDER_WAY,
    rollout: {
      ...ROLLOUT,
      stepIndex: 2,
      promoteFull: true,
      desiredWeight: 100,
      actualWeight: 60,
      message: 'pods are changing',
    },
  }),
  'rolled-back': view(
    {
      ...QUIET,
      conditions: [
        condition(
          'Ready',
          'True',
          'AnalysisFailed',
          `Revision ${CANARY} is blocked (p99Milliseconds 31 is above 10), revision ${STABLE} serves.`,
        ),
      ],
      bizTags: { total: 4, ready: 2 },
      rollout: {
        ...ROLLOUT,
        state: 'RolledBack',
        stepIndex: 1,
        finishedAt: minutesAgo(2),
        desiredWeight: 0,
        actualWeight: 0,
        message: 'p99Milliseconds 31 is above 10',
      },
      blockedRevisions: [
        {
          revision: CANARY,
          image: NEW_IMAGE,
          reason: 'AnalysisFailed',
          message: 'p99Milliseconds 31 is above 10',
          at: minutesAgo(2),
        },
      ],
    },
    {
      tags: TROUBLED_TAGS,
      gaps: ['BizTags of other namespaces are not shown: you may not list them.'],
      events: [
        {
          type: 'Warning',
          reason: 'RolledBack',
          note: `Revision ${CANARY} is rolled back to ${STABLE}: p99Milliseconds 31 is above 10. It stays blocked; change the spec, or try it again with the annotation idgen.io/retry=${CANARY}.`,
          at: minutesAgo(2),
          count: 3,
        },
        ...EVENTS,
      ],
    },
  ),
} as const satisfies Readonly<Record<string, GeneratorView>>
