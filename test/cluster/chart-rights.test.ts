import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { KINDS } from '../../operator/render/object-kinds.ts'
import type { HttpKubeClient } from '../../operator/runtime/http-kube-client.ts'
import { ChildServer } from './child-server.ts'
import { newNamespace, until } from './cluster-world.ts'
import { GeneratorWorld, told } from './generator-world.ts'
import { CHART, run } from './helm-command.ts'
import { KubeApi } from './kube-api.ts'
import { missingPrograms } from './kube-programs.ts'

const MAIN = join(import.meta.dirname, '../../operator/main.ts')
/** Two seconds; 15 more where the lease of another one must run out. */
const LEADS_MAX_MS = 60_000

interface Variable {
  readonly name: string
  readonly value?: string
  readonly valueFrom?: { readonly fieldRef: { readonly fieldPath: string } }
}

interface Deployment {
  readonly spec: {
    readonly template: {
      readonly spec: {
        readonly serviceAccountName: string
        readonly containers: readonly { env: readonly Variable[] }[]
      }
    }
  }
}

/** What may be done, as SubjectAccessReview has it. */
interface Access {
  readonly verb: string
  readonly group: string
  readonly resource: string
  readonly namespace?: string
  readonly name?: string
}

interface RulesStatus {
  readonly incomplete: boolean
  readonly resourceRules: readonly {
    readonly apiGroups: readonly string[]
    readonly resources: readonly string[]
    readonly resourceNames?: readonly string[]
    readonly verbs: readonly string[]
  }[]
}

/** Of what it makes. */
const MADE = 'create delete get list patch watch'
/** All that the operator may do in a namespace that it looks after: who gives it more adds it here. */
const RIGHTS: Readonly<Record<string, string>> = {
  '/configmaps': MADE,
  '/pods': 'get list watch',
  '/secrets': MADE,
  '/serviceaccounts': MADE,
  '/services': MADE,
  'apps/controllerrevisions': MADE,
  'apps/deployments': MADE,
  'autoscaling/horizontalpodautoscalers': MADE,
  'batch/jobs': MADE,
  'cert-manager.io/certificates': MADE,
  'events.k8s.io/events': 'create patch',
  'gateway.networking.k8s.io/backendtlspolicies': MADE,
  'gateway.networking.k8s.io/grpcroutes': MADE,
  'gateway.networking.k8s.io/httproutes': MADE,
  'idgen.io/biztags': 'get list patch watch',
  'idgen.io/biztags/finalizers': 'update',
  'idgen.io/biztags/status': 'patch',
  'idgen.io/idgenerators': 'get list patch watch',
  'idgen.io/idgenerators/finalizers': 'update',
  'idgen.io/idgenerators/status': 'patch',
  'monitoring.coreos.com/alertmanagerconfigs': MADE,
  'monitoring.coreos.com/prometheusrules': MADE,
  'monitoring.coreos.com/servicemonitors': MADE,
  'networking.k8s.io/ingresses': MADE,
  'networking.k8s.io/networkpolicies': MADE,
  'policy/poddisruptionbudgets': MADE,
}
/** Of the namespace that it runs in: by which one of several leads. */
const LEASE_RIGHTS: Readonly<Record<string, string>> = {
  'coordination.k8s.io/leases': 'create',
  'coordination.k8s.io/leases idgen-operator': 'get update',
}

const skip = missingPrograms('helm', 'kube-apiserver', 'kube-controller-manager') ?? false

describe('the rights that the chart gives', { skip }, () => {
  let api: KubeApi
  let client: HttpKubeClient
  let namespace: string
  let watched: string

  before(async () => {
    api = await KubeApi.start()
    await api.startControllers()
    client = api.client()
    namespace = await newNamespace(client)
    watched = await newNamespace(client)
  })

  after(async () => {
    await api.close()
  })

  async function helm(...args: readonly string[]): Promise<void> {
    const kubeconfig = await api.kubeconfig()
    await run('helm', [...args, '--namespace', namespace], { kubeconfig, home: api.folder })
  }

  async function may(access: Access): Promise<boolean> {
    const body = {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      spec: { user: `system:serviceaccount:${namespace}:idgen-operator`, resourceAttributes: access },
    }
    const path = '/apis/authorization.k8s.io/v1/subjectaccessreviews'
    const { status } = await client.send<{ status: { allowed: boolean } }>({ method: 'POST', path, body })
    return status.allowed
  }

  async function tokenOf(account: string): Promise<string> {
    const body = {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { expirationSeconds: 600 },
    }
    const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${account}/token`
    const { status } = await client.send<{ status: { token: string } }>({ method: 'POST', path, body })
    return status.token
  }

  /** All that the operator may do in a namespace, as `kubectl auth can-i --list` asks: "apps/deployments" to its verbs. */
  async function rightsIn(where: string): Promise<Record<string, string>> {
    const own = api.client(api.url, await tokenOf('idgen-operator'))
    const body = {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectRulesReview',
      spec: { namespace: where },
    }
    const path = '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews'
    const { status } = await own.send<{ status: RulesStatus }>({ method: 'POST', path, body })
    assert.equal(status.incomplete, false)
    const rights: Record<string, string> = {}
    for (const { apiGroups, resources, resourceNames = [], verbs } of status.resourceRules)
      for (const group of apiGroups)
        for (const resource of resources) {
          // What everybody may ask of himself.
          if (/^auth(?:orization|entication)\.k8s\.io$/.test(group) && resource.startsWith('selfsubject'))
            continue
          const names = resourceNames.length === 0 ? '' : ` ${resourceNames.toSorted().join(',')}`
          const name = `${group}/${resource}${names}`
          assert.equal(rights[name], undefined, `${name} is given twice`)
          rights[name] = verbs.toSorted().join(' ')
        }
    return rights
  }

  /** The operator as the chart deploys it: its environment, and a token of its ServiceAccount. */
  async function startOperator(name: string): Promise<ChildServer> {
    const path = `/apis/apps/v1/namespaces/${namespace}/deployments/idgen-operator`
    const { spec } = await client.send<Deployment>({ method: 'GET', path })
    const fields: Readonly<Record<string, string>> = {
      'metadata.namespace': namespace,
      'metadata.name': name,
    }
    const given = (spec.template.spec.containers[0]?.env ?? []).map((variable) => [
      variable.name,
      variable.value ?? fields[variable.valueFrom?.fieldRef.fieldPath ?? ''] ?? '',
    ])
    return new ChildServer({
      program: process.execPath,
      args: [`--title=${api.folder} operator`, MAIN],
      folder: api.folder,
      name,
      env: {
        ...(Object.fromEntries(given) as Record<string, string>),
        HOME: api.folder,
        KUBECONFIG: await api.kubeconfig(api.url, {
          token: await tokenOf(spec.template.spec.serviceAccountName),
        }),
        IDGEN_OPERATOR_STATUS_HOST: '127.0.0.1',
        IDGEN_OPERATOR_STATUS_PORT: '0',
      },
    })
  }

  /** It leads, and has listed what it watches; else the test says what it is told. */
  async function becomesLeader(operator: ChildServer): Promise<void> {
    let last = ''
    const ask = async (path: string): Promise<Response> => {
      const port = /"port":(\d+)/.exec(operator.output())?.[1] ?? ''
      return await fetch(`http://127.0.0.1:${port}${path}`, { signal: AbortSignal.timeout(5000) })
    }
    const leads = async (): Promise<boolean> => {
      if (!operator.output().includes('"port":')) return false
      const ready = await ask('/readyz')
      last = await ready.text()
      return ready.ok && /leader_election_master_status\{[^}]*\} 1/.test(await (await ask('/metrics')).text())
    }
    await until('the operator leads', leads, LEADS_MAX_MS).catch((thrown: unknown) => {
      throw new Error(`${String(thrown)}: ${last}\n${operator.output().slice(-2000)}`)
    })
  }

  /** With everything that a spec can ask for, and without a word of refusal. */
  async function servesAnIdGenerator(operator: ChildServer): Promise<void> {
    const world = await GeneratorWorld.start(api, { namespace: watched })
    try {
      await world.applyGenerator({
        image: 'idgen:v1',
        autoscaling: { maxReplicas: 5 },
        ingress: { hosts: ['ids.example.com'] },
      })
      await world.becomes('it is ready', (it) => told(it, 'Ready') === 'True Ready')
      await world.applyGenerator({ image: 'idgen:v1', networkPolicy: { enabled: false } })
      for (const kind of [KINDS.Ingress, KINDS.HorizontalPodAutoscaler, KINDS.NetworkPolicy])
        await until(`${kind.kind} is gone`, async () => (await world.find(kind, 'orders')) === undefined)
      await until('events tell of it', async () => (await world.events()).length > 0)
      assert.doesNotMatch(operator.output(), /forbidden/)
    } finally {
      await world.close()
    }
  }

  test('are enough for the operator to lead, in all namespaces', async () => {
    await helm('install', 'idgen', CHART)
    const operator = await startOperator('everywhere')
    try {
      await becomesLeader(operator)
    } finally {
      await operator.end('SIGTERM')
    }
    assert.equal(await may({ verb: 'list', group: '', resource: 'secrets' }), true)
    assert.equal(
      await may({ verb: 'create', group: 'apps', resource: 'deployments', namespace: watched }),
      true,
    )
  })

  test('do not reach what the operator has no business with', async () => {
    const refused: readonly Access[] = [
      { verb: 'create', group: 'rbac.authorization.k8s.io', resource: 'roles' },
      { verb: 'create', group: '', resource: 'pods' },
      { verb: 'create', group: '', resource: 'pods/exec' },
      { verb: 'get', group: '', resource: 'nodes' },
      { verb: 'delete', group: 'idgen.io', resource: 'idgenerators' },
      { verb: 'create', group: 'idgen.io', resource: 'biztags' },
      { verb: 'patch', group: 'apiextensions.k8s.io', resource: 'customresourcedefinitions' },
      { verb: 'update', group: 'coordination.k8s.io', resource: 'leases', namespace, name: 'somebody-elses' },
    ]
    for (const access of refused) assert.equal(await may(access), false, JSON.stringify(access))
    const everywhere = { ...RIGHTS, '/namespaces': 'get list watch' }
    assert.deepEqual(await rightsIn(watched), everywhere)
    assert.deepEqual(await rightsIn(namespace), { ...everywhere, ...LEASE_RIGHTS })
    await helm('uninstall', 'idgen')
  })

  test('end at the namespaces that are named, and are enough to lead there', async () => {
    await helm('install', 'idgen', CHART, '--set', `watchNamespaces={${watched}}`)
    const operator = await startOperator('somewhere')
    try {
      await becomesLeader(operator)
      await servesAnIdGenerator(operator)
    } finally {
      await operator.end('SIGTERM')
    }
    assert.equal(await may({ verb: 'list', group: '', resource: 'secrets', namespace: watched }), true)
    assert.equal(await may({ verb: 'get', group: '', resource: 'namespaces', name: 'kube-system' }), true)
    assert.equal(await may({ verb: 'list', group: '', resource: 'secrets' }), false)
    assert.equal(await may({ verb: 'get', group: '', resource: 'secrets', namespace }), false)
    const named = { [`/namespaces ${['kube-system', watched].toSorted().join(',')}`]: 'get' }
    assert.deepEqual(await rightsIn(watched), { ...RIGHTS, ...named })
    assert.deepEqual(await rightsIn(namespace), { ...LEASE_RIGHTS, ...named })
    assert.deepEqual(await rightsIn('default'), named)
    await helm('uninstall', 'idgen')
  })
})
