import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { parse } from 'yaml'
import type { Schema } from './crd-schema-changes.ts'

/**
 * What an author of our objects cannot say: which program runs, as whom, and what is read elsewhere. So a right to make
 * an IdGenerator or a BizTag is no right to more.
 */

interface Definition {
  readonly spec: {
    readonly names: { readonly kind: string }
    readonly versions: readonly { readonly schema: { readonly openAPIV3Schema: Schema } }[]
  }
}

const FOLDER = join(import.meta.dirname, '../crds')

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
  const below = [schema.items, schema.additionalProperties].flatMap((inner) =>
    typeof inner === 'object' ? fieldsOf(inner, path) : [],
  )
  return [...here, ...here.flatMap((field) => fieldsOf(field.schema, field.path)), ...below]
}

const FIELDS = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.yaml'))
  .map((name) => parse(readFileSync(join(FOLDER, name), 'utf8')) as Definition)
  .flatMap(({ spec }) =>
    spec.versions.flatMap(({ schema }) => {
      const [, inSpec] =
        Object.entries(schema.openAPIV3Schema.properties ?? {}).find(([name]) => name === 'spec') ?? []
      assert.ok(inSpec !== undefined, spec.names.kind)
      return fieldsOf(inSpec, spec.names.kind)
    }),
  )

/** Of a pod, a container or a volume of Kubernetes, in whatever words around it. */
const POWERFUL =
  /^args$|capabilit|command|container|entrypoint|envFrom|hook|^host(?:Aliases|IPC|Network|Path|PID|Ports?|Users)$|image|lifecycle|nodeName$|privilege|probe|procMount|role|runAs|runtimeClass|schedulerName|script|seccomp|seLinux|appArmor|securityContext|serviceAccount|shareProcess|sidecar|sysctl|template|token/i

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

  test('that choose a program, or as whom it runs, are these and no others', () => {
    assert.deepEqual(
      FIELDS.filter(({ name }) => POWERFUL.test(name)).map(({ path }) => path),
      [
        // Within allowedImages of the operator (operator/reconcile/image-policy.ts).
        'IdGenerator.image',
        // When it is fetched, not which.
        'IdGenerator.imagePullPolicy',
        // Secrets of the own namespace, which only the kubelet reads, to fetch the image.
        'IdGenerator.imagePullSecrets',
        // The cluster's administrators make the classes, and admission may limit who uses which.
        'IdGenerator.pod.runtimeClassName',
        // One of the own namespace; no token of it gets into the pods (automountServiceAccountToken, and pod-settings.ts).
        'IdGenerator.pod.serviceAccountName',
      ],
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
