import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { KEYS } from './keys.ts'
import { resolveConfig } from './load.ts'
import { isLocal, readSettingsLayers } from './settings-layer.ts'
import { readYamlLayer } from './yaml-layer.ts'

const document = readFileSync(new URL('../../docs/data-centres.md', import.meta.url), 'utf8')

test('the settings that docs/data-centres.md puts into etcd are valid and do what it says', () => {
  const puts = [...document.matchAll(/^etcdctl put (\S+) (\S+)$/gm)]
  const prefix = `${KEYS['etcd.prefix'].default}/settings/`
  const settings = new Map(puts.map(([, key = '', value = '']) => [key.slice(prefix.length), value]))
  assert.ok(puts.length >= 3 && puts.every(([, key = '']) => key.startsWith(prefix)))
  const environment = { IDGEN_DATACENTER_INSTALLATION: 'west-cluster' }
  const { config, unknown } = resolveConfig({ settings, environment })
  assert.deepEqual(unknown, [])
  assert.deepEqual(
    [config.datacenter.id, config.server.generate.deadline, config.witness.headroom],
    [1, 3000, 64],
  )
})

test('the file that docs/data-centres.md shows is valid but for its secret file', () => {
  const example = /```yaml\n([^`]*)```/.exec(document)?.[1] ?? ''
  const { settings, faults } = readYamlLayer(example, 'f')
  assert.deepEqual(
    faults.map(({ path }) => path),
    ['database.urlFile'],
  )
  assert.equal(settings.size, 3)
})

test('docs/data-centres.md names keys that cannot be set in etcd, and all of these are refused there', () => {
  const named =
    /what differs between processes[^(]*\(([^)]*)\)/.exec(document.replaceAll(/\s+/g, ' '))?.[1] ?? ''
  const paths = [...named.matchAll(/`([^`]+)`/g)].map(([, path = '']) => path.replace('…', 'http'))
  assert.ok(paths.length >= 4)
  for (const path of paths) {
    const { all } = readSettingsLayers(new Map([[path, 'x']]), '')
    assert.equal(all.faults.length, 1, path)
  }
  assert.ok(!isLocal(KEYS['datacenter.id']))
})
