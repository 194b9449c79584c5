import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdir, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'
import { temporaryFolder } from '../../test/fixtures/temporary-folder.ts'
import { writeArchive } from './image-archive.ts'

describe('an archive of an image', () => {
  let folder = ''
  before(async () => {
    folder = temporaryFolder('idgen-archive-')
    await mkdir(join(folder, 'root'))
    await writeFile(join(folder, 'root/hello'), 'hello')
  })

  const image = (label: string) => ({
    name: 'idgen:dev',
    layers: [join(folder, 'root')],
    settings: { User: '65532', Labels: { version: label } },
  })

  test('has the same digest for the same content, and another one for another label', async () => {
    const first = await writeArchive([image('a')], folder)
    await utimes(join(folder, 'root/hello'), 1, 1)
    assert.deepEqual((await writeArchive([image('a')], folder)).digests, first.digests)
    assert.notDeepEqual((await writeArchive([image('b')], folder)).digests, first.digests)
  })

  test('names the images and holds a layer that they share once, owned by root', async () => {
    const { file } = await writeArchive([image('a'), { ...image('b'), name: 'idgen:next' }], folder)
    const files = execFileSync('tar', ['-tf', file], { encoding: 'utf8' })
    assert.deepEqual(files.match(/layer-\d+\.tar/g), ['layer-0.tar'])
    const manifest = execFileSync('tar', ['-xOf', file, './manifest.json'], { encoding: 'utf8' })
    assert.deepEqual(manifest.match(/"RepoTags":\["[^"]+"\]/g), [
      '"RepoTags":["idgen:dev"]',
      '"RepoTags":["idgen:next"]',
    ])
    const layer = execFileSync('tar', ['-xOf', file, './layer-0.tar'])
    const listed = execFileSync('tar', ['-tvf', '-', '--numeric-owner'], { input: layer, encoding: 'utf8' })
    assert.match(listed, /0\/0 .* \.\/hello/)
  })
})
