import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'

/**
 * Makes the package of the client library, as it is published, in a folder: `node scripts/sdk-package.ts dist/sdk`, then
 * `npm publish dist/sdk`. The licence is copied, so that it stands once in the repository.
 */
const ROOT = join(import.meta.dirname, '..')

export function makeSdkPackage(folder: string): void {
  rmSync(join(folder, 'dist'), { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const tsc = join(ROOT, 'node_modules/.bin/tsc')
  execFileSync(tsc, ['-p', join(ROOT, 'sdk/tsconfig.json'), '--outDir', join(folder, 'dist')], {
    stdio: 'inherit',
  })
  for (const file of ['package.json', 'README.md']) copyFileSync(join(ROOT, 'sdk', file), join(folder, file))
  copyFileSync(join(ROOT, 'LICENSE'), join(folder, 'LICENSE'))
}

if (import.meta.main) makeSdkPackage(resolve(process.argv[2] ?? 'dist/sdk'))
