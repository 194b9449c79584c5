import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { runCommand } from './run-command.ts'

export interface ImageSettings {
  readonly Entrypoint?: readonly string[]
  readonly Cmd?: readonly string[]
  readonly Env?: readonly string[]
  readonly User?: string
  readonly WorkingDir?: string
  readonly ExposedPorts?: Readonly<Record<string, object>>
  readonly Labels?: Readonly<Record<string, string>>
}

export interface Image {
  /** With tag, as pods name it. */
  readonly name: string
  /** Folders whose content is laid over each other, the lowest first. */
  readonly layers: readonly string[]
  readonly settings: ImageSettings
}

export interface Archive {
  readonly file: string
  /** By the name of the image; the same for the same content. */
  readonly digests: Readonly<Record<string, string>>
}

/** Writes images as `docker save` would, into the folder; `ctr images import` and `docker load` read it. */
export async function writeArchive(images: readonly Image[], folder: string): Promise<Archive> {
  const stage = join(folder, 'stage')
  await rm(stage, { recursive: true, force: true })
  await mkdir(stage, { recursive: true })
  const packed = await packLayers(images, stage)
  const manifest: object[] = []
  const digests: Record<string, string> = {}
  for (const { name, layers, settings } of images) {
    const found = layers.map((layer) => packed.get(layer) ?? { file: '', digest: '' })
    const config = JSON.stringify(imageConfig(settings, found))
    const digest = createHash('sha256').update(config).digest('hex')
    await writeFile(join(stage, `${digest}.json`), config)
    manifest.push({ Config: `${digest}.json`, RepoTags: [name], Layers: found.map(({ file }) => file) })
    digests[name] = digest
  }
  await writeFile(join(stage, 'manifest.json'), JSON.stringify(manifest))
  const file = join(folder, 'images.tar')
  await runCommand('tar', ['-C', stage, '-cf', file, '.'])
  await rm(stage, { recursive: true })
  return { file, digests }
}

interface Layer {
  readonly file: string
  readonly digest: string
}

/** Each once, however many images have it. */
async function packLayers(images: readonly Image[], stage: string): Promise<Map<string, Layer>> {
  const packed = new Map<string, Layer>()
  for (const folder of new Set(images.flatMap(({ layers }) => layers))) {
    const file = `layer-${packed.size}.tar`
    packed.set(folder, { file, digest: await packLayer(folder, join(stage, file)) })
  }
  return packed
}

/** Without what differs from run to run: owners, times, order. */
async function packLayer(folder: string, file: string): Promise<string> {
  const same = ['--owner=0', '--group=0', '--numeric-owner', '--mtime=@0', '--sort=name', '--format=gnu']
  await runCommand('tar', ['-C', folder, ...same, '-cf', file, '.'])
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash)
  return `sha256:${hash.digest('hex')}`
}

function imageConfig(settings: ImageSettings, layers: readonly Layer[]): object {
  return {
    architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
    os: 'linux',
    created: '1970-01-01T00:00:00Z',
    config: settings,
    rootfs: { type: 'layers', diff_ids: layers.map(({ digest }) => digest) },
    history: layers.map(() => ({ created: '1970-01-01T00:00:00Z' })),
  }
}
