/**
 * first-objects.ts apply|delete FILE: makes, or deletes, the IdGenerator and the BizTags of a release. A Job of the chart
 * runs it in a pod; it imports nothing but Node.js. FILE is what the template "idgen.firstObjects" renders.
 */
import { readFileSync } from 'node:fs'

type Kind = 'IdGenerator' | 'BizTag'

interface Named {
  readonly metadata: { readonly name: string }
}

interface Release {
  readonly namespace: string
  /** Labels of all that the release makes here. */
  readonly selector: Readonly<Record<string, string>>
  readonly objects: readonly (Named & { readonly kind: Kind })[]
}

interface Answer {
  readonly items?: readonly Named[]
  readonly message?: string
}

const PLURALS = { IdGenerator: 'idgenerators', BizTag: 'biztags' } as const
const ACCOUNT = process.env['ACCOUNT_FOLDER'] ?? '/var/run/secrets/kubernetes.io/serviceaccount'
/** The definitions may be seconds old, and the API server not know them yet. Below the Job's own limit. */
const TRIES_MAX_MS = 120_000
/** The operator lets go of a BizTag within seconds. */
const GONE_MAX_MS = 90_000
const REQUEST_MAX_MS = 10_000
const PAUSE_MS = 1000

const [action = '', file = ''] = process.argv.slice(2)
const release = JSON.parse(readFileSync(file, 'utf8')) as Release

try {
  if (action === 'apply') await applyAll()
  else if (action === 'delete') await deleteAll()
  else throw new Error(`apply or delete, not "${action}"`)
} catch (thrown) {
  console.error(thrown instanceof Error ? thrown.message : thrown)
  process.exitCode = 1
}

async function applyAll(): Promise<void> {
  for (const object of release.objects) {
    // Strict: a misspelt field is told, not dropped.
    const query = 'fieldManager=helm&force=true&fieldValidation=Strict'
    await ask('PATCH', `${pathOf(object.kind, object.metadata.name)}?${query}`, object)
    console.log(`${object.kind} ${object.metadata.name} applied`)
  }
  // A tag taken off the list goes. An IdGenerator never goes by a change of its name: its callers would lose it.
  const kept = release.objects.filter(({ kind }) => kind === 'BizTag').map(({ metadata }) => metadata.name)
  for (const name of await made('BizTag')) if (!kept.includes(name)) await remove('BizTag', name)
}

/** BizTags first: the operator must be there to let go of them. */
async function deleteAll(): Promise<void> {
  for (const name of await made('BizTag')) await remove('BizTag', name)
  const endMs = performance.now() + GONE_MAX_MS
  for (let left = await made('BizTag'); left.length > 0; left = await made('BizTag')) {
    if (performance.now() > endMs)
      throw new Error(
        `still there: BizTags ${left.join(', ')}. Does the operator run? "helm uninstall --no-hooks" leaves them.`,
      )
    await pause()
  }
  for (const name of await made('IdGenerator')) await remove('IdGenerator', name)
}

async function remove(kind: Kind, name: string): Promise<void> {
  await ask('DELETE', pathOf(kind, name))
  console.log(`${kind} ${name} deleted`)
}

/** Names of what this release made, earlier or now. */
async function made(kind: Kind): Promise<string[]> {
  const labels = Object.entries(release.selector).map(([key, value]) => `${key}=${value}`)
  const list = await ask('GET', `${pathOf(kind)}?labelSelector=${encodeURIComponent(labels.join(','))}`)
  return (list?.items ?? []).map(({ metadata }) => metadata.name)
}

function pathOf(kind: Kind, name?: string): string {
  const path = `/apis/idgen.io/v1alpha1/namespaces/${release.namespace}/${PLURALS[kind]}`
  return name === undefined ? path : `${path}/${name}`
}

/** Tries again while that can help. What is not there is nothing to read or delete. */
async function ask(method: string, path: string, body?: object): Promise<Answer | undefined> {
  const endMs = performance.now() + TRIES_MAX_MS
  for (;;) {
    const { status, answer } = await send(method, path, body)
    if (status >= 200 && status < 300) return answer
    if (status === 404 && method !== 'PATCH') return undefined
    const passing = status === 0 || status === 404 || status === 429 || status >= 500
    if (!passing || performance.now() > endMs)
      throw new Error(`${method} ${path}: ${status} ${answer.message ?? ''}`)
    await pause()
  }
}

/** Status 0: no answer. */
async function send(
  method: string,
  path: string,
  body?: object,
): Promise<{ status: number; answer: Answer }> {
  const { KUBERNETES_SERVICE_HOST: host = '', KUBERNETES_SERVICE_PORT: port = '443' } = process.env
  try {
    const response = await fetch(`https://${host.includes(':') ? `[${host}]` : host}:${port}${path}`, {
      method,
      headers: {
        // Read each time: the kubelet puts a new one there.
        authorization: `Bearer ${readFileSync(`${ACCOUNT}/token`, 'utf8').trim()}`,
        'content-type': 'application/apply-patch+yaml',
      },
      body: body === undefined ? null : JSON.stringify(body),
      signal: AbortSignal.timeout(REQUEST_MAX_MS),
    })
    const text = await response.text()
    return {
      status: response.status,
      answer: text.startsWith('{') ? (JSON.parse(text) as Answer) : { message: text },
    }
  } catch (thrown) {
    return { status: 0, answer: { message: reasonOf(thrown) } }
  }
}

/** fetch says only that it failed; why is in the cause. */
function reasonOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown)
  return thrown.cause instanceof Error ? thrown.cause.message : thrown.message
}

function pause(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, PAUSE_MS)
  })
}
