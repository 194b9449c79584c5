import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { IdGenerator } from '../api/kinds.ts'
import type { Installation } from './installation.ts'
import { migrationJob } from './migration-job.ts'
import { OPTIONAL_KINDS } from './object-kinds.ts'
import { render } from './render.ts'
import type { RenderedObject } from './rendered-object.ts'
import { DEFAULT_SPEC, SAMPLES, sampleGenerator, sampleRevision } from './sample-installations.ts'

type Spec = IdGenerator['spec']
type Labels = Readonly<Record<string, string>>
interface Template {
  readonly metadata: { readonly labels: Labels; readonly annotations?: Labels }
  readonly spec: PodSpec
}
interface PodSpec {
  readonly securityContext: Readonly<Record<string, unknown>>
  readonly containers: readonly Readonly<Record<string, unknown>>[]
  readonly volumes: readonly { readonly name: string }[]
  readonly hostNetwork?: unknown
}

const name = fc.constantFrom(
  'a',
  'idgen-config',
  'idgen-secrets',
  'host',
  'POD_IP',
  'IDGEN_DATABASE_URL',
  'X',
)
const volume = fc.oneof(
  fc.record({ name, hostPath: fc.constant({ path: '/' }) }),
  fc.record({ name, emptyDir: fc.constant({}) }),
  fc.record({ name, secret: fc.constant({ secretName: 's' }), nfs: fc.constant({}) }),
)
const pod = fc.record({
  resources: fc.constant({}),
  terminationGracePeriodSeconds: fc.integer({ min: 10, max: 3600 }),
  labels: fc.dictionary(
    fc.constantFrom('idgen.io/generator', 'idgen.io/revision', 'app.kubernetes.io/component', 'team'),
    fc.constantFrom('x', 'server'),
  ),
  annotations: fc.dictionary(
    fc.constantFrom(
      'note',
      'container.apparmor.security.beta.kubernetes.io/idgen',
      'idgen.io/secrets-checksum',
    ),
    fc.constant('unconfined'),
  ),
  env: fc.array(fc.record({ name, value: fc.string() })),
  volumes: fc.array(volume),
  volumeMounts: fc.array(
    fc.record({
      name,
      mountPath: fc.constantFrom('/x', '/tmp', '/etc', '/etc/idgen/secrets/', '/', '/tmp/y'),
    }),
  ),
})
/** Any field of the spec as in any sample, with any settings of pods. */
const spec: fc.Arbitrary<Spec> = fc
  .tuple(
    fc.constantFrom(...Object.values(SAMPLES)),
    fc.constantFrom(...Object.values(SAMPLES)),
    pod,
    fc.boolean(),
  )
  .map(([left, right, podSettings, most]) => ({
    ...left().generator.spec,
    ...(most ? right().generator.spec : {}),
    pod: podSettings,
  }))

const installation: fc.Arbitrary<Installation> = fc
  .tuple(spec, spec, fc.nat(5), fc.nat(5), fc.subarray([...OPTIONAL_KINDS]), fc.nat(100))
  .map(([now, before, replicas, others, kinds, canaryWeight]) => {
    const generator = sampleGenerator(now)
    const canary = sampleRevision(generator, replicas)
    const stable = sampleRevision(sampleGenerator({ ...before, image: 'registry.example/idgen:0.9' }), others)
    return {
      generator,
      revisions: [stable, canary],
      stableRevision: stable.revision,
      canaryRevision: canary.revision,
      canaryWeight,
      optionalKinds: new Set(kinds),
    }
  })

function templates({ generator, revisions }: Installation, objects: readonly RenderedObject[]): Template[] {
  const jobs = revisions.map((revision) => migrationJob(generator, revision))
  return [...objects.filter(({ kind }) => kind === 'Deployment'), ...jobs].map(
    (object) => (object['spec'] as { readonly template: Template }).template,
  )
}

function matches(selector: Labels, labels: Labels): boolean {
  return Object.entries(selector).every(([label, value]) => labels[label] === value)
}

describe('whatever the spec says', () => {
  const holds = (check: (given: Installation, objects: readonly RenderedObject[]) => void): void => {
    fc.assert(fc.property(installation, (given) => check(given, render(given).objects)))
  }

  test('no two objects have the same kind and name, and none is both wanted and not', () => {
    fc.assert(
      fc.property(installation, (given) => {
        const { objects, unwanted } = render(given)
        const all = [
          ...objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`),
          ...unwanted.map((reference) => `${reference.kind.kind} ${reference.name}`),
        ]
        assert.deepEqual(all, [...new Set(all)])
        assert.ok(objects.every(({ metadata }) => metadata.name.length <= 63))
      }),
    )
  })

  test('Services select pods of the server, each its own, and never those of a migration', () => {
    holds((given, objects) => {
      const pods = templates(given, objects).map(({ metadata }) => metadata.labels)
      const { stableRevision, canaryRevision } = given
      const expected: Readonly<Record<string, readonly unknown[]>> = {
        orders: [stableRevision, canaryRevision],
        'orders-metrics': [stableRevision, canaryRevision],
        'orders-stable': [stableRevision],
        'orders-canary': [canaryRevision],
      }
      for (const { kind, metadata, spec: fields } of objects) {
        if (kind !== 'Service') continue
        const { selector } = fields as { readonly selector: Labels }
        const selected = pods.filter((labels) => matches(selector, labels))
        assert.deepEqual(
          selected.map((labels) => labels['idgen.io/revision']),
          expected[metadata.name],
        )
        assert.ok(selected.every((labels) => labels['app.kubernetes.io/component'] === 'server'))
      }
    })
  })

  test('the selector of a Deployment is among the labels of its pods', () => {
    holds((_given, objects) => {
      for (const object of objects.filter(({ kind }) => kind === 'Deployment')) {
        const { selector, template } = object['spec'] as {
          readonly selector: { readonly matchLabels: Labels }
          readonly template: Template
        }
        assert.ok(matches(selector.matchLabels, template.metadata.labels))
      }
    })
  })

  test('pods keep to the Pod Security Standard restricted', () => {
    holds((given, objects) => {
      for (const { metadata, spec: fields } of templates(given, objects)) {
        assert.equal(fields.securityContext['runAsNonRoot'], true)
        assert.equal(fields.hostNetwork, undefined)
        for (const container of fields.containers) {
          const context = container['securityContext'] as Readonly<Record<string, unknown>>
          assert.deepEqual(context['capabilities'], { drop: ['ALL'] })
          assert.equal(context['allowPrivilegeEscalation'], false)
          assert.equal(context['readOnlyRootFilesystem'], true)
        }
        for (const { name: _, ...source } of fields.volumes)
          assert.match(
            Object.keys(source).join(),
            /^(configMap|projected|emptyDir|secret|persistentVolumeClaim)$/,
          )
        assert.ok(!Object.keys(metadata.annotations ?? {}).some((key) => key.includes('apparmor')))
      }
    })
  })

  test('names in lists of a pod are there once, and mounts have their volume', () => {
    holds((given, objects) => {
      for (const [index, { spec: fields }] of templates(given, objects).entries()) {
        // Deployments of both revisions, then Jobs of both.
        const asked = new Set(
          (given.revisions[index % 2]?.record.inputs.pod.volumes ?? []).map((each) => each['name']),
        )
        const { env, volumeMounts } = fields.containers[0] as {
          readonly env: readonly { readonly name: string }[]
          readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[]
        }
        const volumes = fields.volumes.map((each) => each.name)
        for (const list of [
          env.map((each) => each.name),
          volumes,
          volumeMounts.map(({ mountPath }) => mountPath),
        ])
          assert.deepEqual(list, [...new Set(list)])
        for (const mount of volumeMounts) assert.ok(volumes.includes(mount.name) || !asked.has(mount.name))
      }
    })
  })
})

test('the defaults that samples are made of ask for nothing optional', () => {
  const optional = Object.keys(DEFAULT_SPEC).filter((field) =>
    ['ingress', 'gateway', 'autoscaling'].includes(field),
  )
  assert.deepEqual(optional, [])
})
