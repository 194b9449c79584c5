import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { symlink, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import type { HttpKubeClient } from '../../operator/runtime/http-kube-client.ts'
import { isStatus } from '../../operator/runtime/kube-client.ts'
import { type CodeBlock, codeBlocks, documents, ROOT } from '../../scripts/docs/documents.ts'
import { reasonNotToRun } from '../../scripts/docs/walked.ts'
import { temporaryFolder } from '../fixtures/temporary-folder.ts'
import { pause } from './cluster-world.ts'
import { HookJobs } from './hook-jobs.ts'
import { KubeApi } from './kube-api.ts'
import { kubeProgram, missingPrograms } from './kube-programs.ts'

const skip = missingPrograms('helm', 'kubectl', 'kube-apiserver') ?? false

const NAMESPACE = 'idgen'
const GENERATOR = 'idgenerator.idgen.io/orders'

/** What each of a page's blocks has made by its end. */
const MADE: Readonly<Record<string, readonly (readonly string[])[]>> = {
  'README.md': [['biztag.idgen.io/invoice', GENERATOR]],
  'docs/kubernetes.md': [['biztag.idgen.io/invoice', GENERATOR]],
  'charts/idgen/README.md': [[GENERATOR], ['biztag.idgen.io/order', GENERATOR]],
}

/** What the documents say to type, as it stands there, on a real API server; the test is the operator and the kubelet. */
describe('what the documents say to install', { skip }, () => {
  let api: KubeApi
  let client: HttpKubeClient
  let jobs: HookJobs
  let folder: string
  let env: NodeJS.ProcessEnv

  before(async () => {
    api = await KubeApi.start()
    client = api.client()
    jobs = new HookJobs(api, client, NAMESPACE)
    folder = temporaryFolder('idgen-install-')
    await symlink(join(ROOT, 'charts'), join(folder, 'charts'))
    await symlink(kubeProgram('kubectl') ?? 'kubectl', join(folder, 'kubectl'))
    await writeFile(join(folder, 'helm'), unhurriedHelm(kubeProgram('helm') ?? 'helm'), { mode: 0o755 })
    // Nothing of the caller's: neither a cluster, nor plugins, nor a namespace.
    env = {
      PATH: [folder, process.env['PATH']].join(delimiter),
      HOME: api.folder,
      KUBECONFIG: await api.kubeconfig(),
    }
  })

  after(async () => {
    await jobs.close()
    await api.close()
  })

  for (const [path, made] of Object.entries(MADE))
    test(path, async () => {
      const { commands, files } = blocksOf(path)
      assert.equal(commands.length, made.length, 'each block names this test as what runs it')
      for (const { name, text } of files) await writeFile(join(folder, name), text)
      for (const [at, { text }] of commands.entries()) {
        try {
          await withStandIns(() => shell(text))
          const there = await shell(`kubectl --namespace ${NAMESPACE} get bt,idg --output=name`)
          assert.deepEqual(there.trim().split('\n').sort(), made[at])
        } finally {
          await takeAway()
        }
      }
    })

  test('docs/runbooks/IdgenOperatorDown.md, what it says to look at', async () => {
    const { commands } = blocksOf('docs/runbooks/IdgenOperatorDown.md')
    assert.equal(commands.length, 1)
    for (const { text } of commands) await shell(text)
    // No kubelet runs here, so none of its pods is found: that it would be, its label says.
    const [selector = ''] = /component=operator/.exec(commands[0]?.text ?? '') ?? []
    const rendered = await shell(`helm template idgen charts/idgen --namespace ${NAMESPACE}`)
    const deployment = rendered.split('\n---\n').find((object) => object.includes('kind: Deployment')) ?? ''
    const [, template = ''] = deployment.split('\n  template:')
    assert.match(template, new RegExp(`app\\.kubernetes\\.io/${selector.replace('=', ': ')}`))
  })

  async function shell(script: string): Promise<string> {
    try {
      const args = ['-e', '-o', 'pipefail', '-c', script]
      const { stdout } = await promisify(execFile)('bash', args, { cwd: folder, env, timeout: SHELL_MAX_MS })
      return stdout
    } catch (thrown) {
      const { stdout = '', stderr = '' } = thrown as { stdout?: string; stderr?: string }
      throw new Error(`${script}\n${stdout}\n${stderr}`, { cause: thrown })
    }
  }

  /** The next block begins on a cluster where nothing of this one is. */
  async function takeAway(): Promise<void> {
    await shell(`helm uninstall idgen --ignore-not-found --namespace ${NAMESPACE}
kubectl --namespace ${NAMESPACE} delete bt,idg,secret --all`)
  }

  /** All the while somebody finds every IdGenerator well, and every pod of a test of the release content. */
  async function withStandIns(work: () => Promise<unknown>): Promise<void> {
    let isOver = false
    const standing = (async () => {
      while (!isOver) {
        await finish('/apis/idgen.io/v1alpha1', 'idgenerators', { conditions: [READY] })
        await finish('/api/v1', 'pods', { phase: 'Succeeded' })
        await pause(50)
      }
    })()
    // Told below: until then nobody waits for it.
    standing.catch(() => {})
    try {
      await work()
    } finally {
      isOver = true
      await standing
    }
  }

  async function finish(version: string, plural: string, status: object): Promise<void> {
    const path = `${version}/namespaces/${NAMESPACE}/${plural}`
    try {
      const { items } = await client.send<{ items: readonly Named[] }>({ method: 'GET', path })
      for (const { metadata } of items)
        await client.send({
          method: 'PATCH',
          path: `${path}/${metadata.name}/status`,
          contentType: 'application/merge-patch+json',
          body: { status },
        })
    } catch (thrown) {
      // Not yet defined or gone meanwhile; a kind that was just defined.
      if (!isStatus(thrown, 404) && !isStatus(thrown, 429)) throw thrown
    }
  }
})

/**
 * A person's next line comes later than the API server needs to serve a kind that was just defined; a script's may not, and on a
 * busy machine that would be told as a fault of the page.
 */
function unhurriedHelm(program: string): string {
  return `#!/bin/sh
'${program}' "$@" || exit
[ "$1" = install ] || exit 0
until kubectl get --raw /apis/idgen.io/v1alpha1 >/dev/null 2>&1; do sleep 0.1; done
`
}

interface Named {
  readonly metadata: { readonly name: string }
}

const READY = {
  type: 'Ready',
  status: 'True',
  reason: 'AsWanted',
  message: '',
  lastTransitionTime: '2026-01-01T00:00:00Z',
}

/** The commands that name this file as what runs them, with the objects that stand right below them; and the files they read. */
function blocksOf(path: string): {
  readonly commands: readonly Pick<CodeBlock, 'text'>[]
  readonly files: readonly { readonly name: string; readonly text: string }[]
} {
  const page = documents().find((document) => document.path === path)
  assert.ok(page !== undefined, path)
  const blocks = codeBlocks(page)
  const commands = blocks.flatMap((block, at) => {
    if (reasonNotToRun(page, block)?.includes('install-documents.test.ts') !== true) return []
    const below = blocks[at + 1]?.text ?? ''
    const applied = below.startsWith('apiVersion: idgen.io')
      ? `\nkubectl apply --filename - <<'END'\n${below}\nEND`
      : ''
    return [{ text: block.text + applied }]
  })
  const files = blocks.flatMap(({ text }) => {
    const [, name] = /^# (\S+\.yaml)\n/.exec(text) ?? []
    return name === undefined ? [] : [{ name, text }]
  })
  return { commands, files }
}

/** A few seconds each, far more beside others; `kubectl wait` in one of them would wait for five minutes. */
const SHELL_MAX_MS = 120_000
