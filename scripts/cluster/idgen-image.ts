import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { cp, mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Image, ImageSettings } from './image-archive.ts'
import { ImageRoot } from './image-root.ts'
import { type Copy, type LastStage, lastStage } from './last-stage.ts'
import { CACHE_FOLDER, CHECKOUT, FOLDER } from './layout.ts'
import { runCommand } from './run-command.ts'

const STAGE = join(FOLDER, 'images')

/** The same code under three names: what a canary begins with, what it goes to, and what must be rolled back. */
export type IdgenTag = 'dev' | 'next' | 'bad'

/** What the project's Dockerfile makes, from files of this machine; its last stage is read, not repeated. */
export async function idgenImages(): Promise<Image[]> {
  const stage = lastStage(readFileSync(join(CHECKOUT, 'Dockerfile'), 'utf8'))
  const layers = [await nodeLayer(), await modulesLayer(stage), await appLayer(stage)]
  const name = (tag: IdgenTag): string => `idgen:${tag}`
  const settings = settingsOf(stage)
  // Migrates, and then ends at every start: what is wrong shows in pods only.
  const migrates = `[ "$1" != migrate ] || exec ${stage.entrypoint.join(' ')} "$@"`
  const ends = 'echo "this image is broken on purpose" >&2; exit 1'
  const broken = { ...settings, Entrypoint: ['/bin/sh', '-c', `${migrates}; ${ends}`, 'idgen'] }
  return [
    { name: name('dev'), layers, settings },
    // Another label makes another digest.
    { name: name('next'), layers, settings: { ...settings, Labels: { 'idgen.test/image': 'next' } } },
    { name: name('bad'), layers, settings: broken },
  ]
}

function settingsOf(stage: LastStage): ImageSettings {
  return {
    Entrypoint: stage.entrypoint,
    Cmd: stage.command,
    Env: ['PATH=/usr/local/bin:/usr/bin:/bin', ...stage.env],
    User: stage.user,
    WorkingDir: stage.workdir,
    ExposedPorts: Object.fromEntries(stage.exposed.map((port) => [port, {}])),
  }
}

/** What the base image gives: Node.js, a shell, the C library. */
async function nodeLayer(): Promise<string> {
  const root = new ImageRoot(join(STAGE, 'node'))
  await root.accounts(65532).shell()
  await root.program(join(CHECKOUT, 'node_modules/node/bin/node'), 'usr/local/bin/node')
  return root.folder
}

async function appLayer(stage: LastStage): Promise<string> {
  const root = new ImageRoot(join(STAGE, 'app'))
  const emitted = await emit()
  for (const copy of stage.copies.filter((one) => !isModules(one))) {
    const target = join(root.folder, stage.workdir, copy.target)
    await mkdir(join(target, '..'), { recursive: true })
    await cp(copySource(copy, emitted), target, { recursive: true, verbatimSymlinks: true })
  }
  return root.folder
}

/** The build stage makes dist/; everything else it has from the checkout. */
function copySource({ source }: Copy, emitted: string): string {
  const path = source.replace(/^\/src\//, '')
  return path === 'dist' ? emitted : join(CHECKOUT, path)
}

function isModules({ source }: Copy): boolean {
  return source.endsWith('/node_modules')
}

async function emit(): Promise<string> {
  const folder = join(STAGE, 'dist')
  await rm(folder, { recursive: true, force: true })
  const tsc = join(CHECKOUT, 'node_modules/.bin/tsc')
  const project = join(CHECKOUT, 'tsconfig.build.json')
  await runCommand(tsc, ['-p', project, '--outDir', folder], {
    cwd: CHECKOUT,
    env: { PATH: `${join(CHECKOUT, 'node_modules/.bin')}:${process.env['PATH'] ?? ''}` },
  })
  return folder
}

/** Ten thousand small files: kept for as long as package-lock.json stays the same. */
async function modulesLayer(stage: LastStage): Promise<string> {
  const target = stage.copies.find(isModules)?.target ?? 'node_modules'
  const lock = readFileSync(join(CHECKOUT, 'package-lock.json'))
  const sum = createHash('sha256').update(lock).digest('hex').slice(0, 16)
  const layer = join(CACHE_FOLDER, 'production-modules', sum)
  if (existsSync(layer)) return layer
  const unfinished = `${layer}.new`
  await rm(unfinished, { recursive: true, force: true })
  const folder = join(unfinished, stage.workdir, target, '..')
  await mkdir(folder, { recursive: true })
  const files = ['package.json', 'package-lock.json', '.npmrc']
  for (const file of files) await cp(join(CHECKOUT, file), join(folder, file))
  const ci = [
    'ci',
    '--omit=dev',
    '--omit=optional',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
  ]
  await runCommand('npm', ci, { cwd: folder })
  // The base image has Node.js; the one of the package is for machines without it.
  const surplus = [...files, 'node_modules/node', 'node_modules/.bin/node']
  for (const path of surplus) await rm(join(folder, path), { recursive: true, force: true })
  await rename(unfinished, layer)
  return layer
}
