import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { ctr } from './container-runtime.ts'
import { type Image, writeArchive } from './image-archive.ts'
import { FOLDER } from './layout.ts'

const LOADED = join(FOLDER, 'loaded-images.json')

export interface Loaded {
  /** Whether containerd had one of them with another content: pods that run it are of the old one. */
  readonly replaced: boolean
  readonly digests: Readonly<Record<string, string>>
}

/** Puts the images into containerd; does nothing when it has all of them with this content. */
export async function loadImages(images: readonly Image[]): Promise<Loaded> {
  const folder = join(FOLDER, 'archives')
  mkdirSync(folder, { recursive: true })
  const archive = await writeArchive(images, folder)
  const before = loaded()
  const different = Object.entries(archive.digests).filter(([name, digest]) => before[name] !== digest)
  if (different.length > 0) {
    await ctr(['images', 'import', archive.file])
    writeFileSync(LOADED, JSON.stringify({ ...before, ...archive.digests }, undefined, 2))
  }
  await rm(archive.file)
  return { replaced: different.some(([name]) => before[name] !== undefined), digests: archive.digests }
}

function loaded(): Record<string, unknown> {
  if (!existsSync(LOADED)) return {}
  const read: unknown = JSON.parse(readFileSync(LOADED, 'utf8'))
  return typeof read === 'object' && read !== null ? { ...read } : {}
}
