import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'
import { temporaryFolder } from '../test/fixtures/temporary-folder.ts'

const SCRIPT = join(import.meta.dirname, 'install-kubernetes.sh')

describe('scripts/install-kubernetes.sh', () => {
  let cache = ''
  before(async () => {
    cache = temporaryFolder('idgen-programs-')
  })

  const run = (args: readonly string[], env: Record<string, string> = {}) =>
    spawnSync(SCRIPT, args, {
      encoding: 'utf8',
      env: { PATH: '/usr/bin:/bin', IDGEN_CACHE_DIR: cache, ...env },
    })

  async function put(folder: string, name: string): Promise<string> {
    await mkdir(folder, { recursive: true })
    await writeFile(join(folder, name), '')
    await chmod(join(folder, name), 0o755)
    return join(folder, name)
  }

  test('finds what was built, in the version that the Go module pins, for each family', async () => {
    const families = await readdir(join(import.meta.dirname, 'cluster/programs'))
    assert.ok(families.length > 5)
    for (const family of families) {
      const name = family === 'kubernetes' ? 'kubelet' : family
      const missing = run(['--pinned', name])
      assert.equal(missing.status, 1)
      assert.match(
        missing.stderr,
        new RegExp(`${name} is missing: run scripts/install-kubernetes.sh ${name}`),
      )
      assert.match(missing.stdout, /^$/)
    }
    const module = await readFile(join(import.meta.dirname, 'cluster/programs/kubeconform/go.mod'), 'utf8')
    const version = /github\.com\/yannh\/kubeconform (v\S+)/.exec(module)?.[1] ?? ''
    const built = await put(join(cache, 'kubeconform', version), 'kubeconform')
    assert.equal(run(['--print', 'kubeconform']).stdout.trim(), built)
  })

  test('prefers KUBEBUILDER_ASSETS for programs of tests, never for those of a node', async () => {
    const assets = join(cache, 'assets')
    const own = await put(assets, 'kube-apiserver')
    await put(assets, 'kubelet')
    const env = { KUBEBUILDER_ASSETS: assets }
    assert.equal(run(['--print', 'kube-apiserver'], env).stdout.trim(), own)
    assert.equal(run(['--print', 'kubelet'], env).status, 1)
    assert.equal(run(['--pinned', 'kube-apiserver'], env).status, 1)
  })

  test('says what to do without Go, and names the programs it knows', () => {
    assert.match(run(['helm-of-nobody']).stderr, /helm-of-nobody: not one of kubeconform helm /)
    assert.match(
      run(['helm-unittest'], { PATH: '/bin' }).stderr,
      /Go is missing: install the version that .*helm-unittest\/go\.mod/,
    )
  })
})
