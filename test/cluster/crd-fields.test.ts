import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { definitions, type Schema } from './custom-resources.ts'

/**
 * What an author of our objects cannot say: which program runs, as whom, and what is read elsewhere. So a right to make
 * an IdGenerator or a BizTag is no right to more.
 */

/** A field, with the names that lead to it: spec.database.secret. */
interface Field {
  readonly path: string
  readonly name: string
  readonly schema: Schema
}

function fieldsOf(schema: Schema, path: string): Field[] {
  const here = Object.entries(schema.properties ?? {}).map(([name, inner]) => ({
    path: path === '' ? name : `${path}.${name}`,
    name,
    schema: inner,
  }))
  const below = schema.items === undefined ? [] : fieldsOf(schema.items, path)
  return [...here, ...here.flatMap((field) => fieldsOf(field.schema, field.path)), ...below]
}

const FIELDS = definitions().flatMap(({ spec }) =>
  spec.versions.flatMap(({ schema }) => {
    const [, inSpec] =
      Object.entries(schema.openAPIV3Schema.properties ?? {}).find(([name]) => name === 'spec') ?? []
    assert.ok(inSpec !== undefined, spec.names.kind)
    return fieldsOf(inSpec, spec.names.kind)
  }),
)

/** Of a pod, a container or a volume of Kubernetes. */
const POWERFUL = new Set([
  'args',
  'capabilities',
  'command',
  'containers',
  'envFrom',
  'ephemeralContainers',
  'hostAliases',
  'hostIPC',
  'hostNetwork',
  'hostPID',
  'hostPath',
  'initContainers',
  'lifecycle',
  'nodeName',
  'podTemplate',
  'privileged',
  'runAsUser',
  'schedulerName',
  'securityContext',
  'serviceAccount',
  'shareProcessNamespace',
  'sidecars',
  'template',
])

describe('the fields of the definitions', () => {
  test('are found, at any depth', () => {
    for (const path of [
      'IdGenerator.database.secret.key',
      'IdGenerator.pod.env',
      'BizTag.credentialsSecret.name',
    ])
      assert.ok(
        FIELDS.some((field) => field.path === path),
        path,
      )
  })

  test('have none by which another program would run, or ours with more rights', () => {
    assert.deepEqual(
      FIELDS.filter(({ name }) => POWERFUL.has(name)).map(({ path }) => path),
      [],
    )
  })

  test('name Secrets, claims and accounts by their name alone, so of the own namespace', () => {
    const references = FIELDS.filter(({ name }) => /secret|claim|account/i.test(name))
    assert.ok(references.length > 10)
    const namespaces = references.flatMap(({ path, schema }) =>
      fieldsOf(schema, path).filter(({ name }) => /namespace/i.test(name)),
    )
    assert.deepEqual(namespaces, [])
  })

  test('name another namespace only to be let in there, to let it in, or as a Gateway allows', () => {
    assert.deepEqual(
      FIELDS.filter(({ name }) => /^namespaces?$/i.test(name)).map(({ path }) => path),
      [
        // The IdGenerator decides whom it serves (allowedNamespaces).
        'BizTag.generatorRef.namespace',
        // The Gateway's listener decides which routes it takes (allowedRoutes).
        'IdGenerator.gateway.parentRefs.namespace',
        'IdGenerator.allowedNamespaces.workspaces.namespace',
      ],
    )
  })

  test('take what they do not know only where it is looked at before it is used', () => {
    const open = FIELDS.flatMap(({ path, schema }) =>
      isOpen(schema) || (schema.items !== undefined && isOpen(schema.items)) ? [path] : [],
    )
    assert.deepEqual(open, [
      // Keys of our configuration: what the operator sets itself, and what is a secret, is left out.
      'IdGenerator.config',
      // Kubernetes checks these in the objects that they go into, and they give no rights.
      'IdGenerator.autoscaling.behavior',
      'IdGenerator.auditFile.ephemeral',
      'IdGenerator.auditFile.csi',
      'IdGenerator.networkPolicy.from',
      'IdGenerator.networkPolicy.metricsFrom',
      'IdGenerator.pod.affinity',
      'IdGenerator.pod.tolerations',
      'IdGenerator.pod.topologySpreadConstraints',
      // operator/render/pod-settings.ts says which of these go into the pods.
      'IdGenerator.pod.env',
      'IdGenerator.pod.volumes',
      'IdGenerator.pod.volumeMounts',
    ])
  })
})

function isOpen(schema: Schema): boolean {
  return schema['x-kubernetes-preserve-unknown-fields'] === true
}
