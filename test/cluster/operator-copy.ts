import assert from 'node:assert/strict'
import { cp, mkdtemp, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

const CHECKOUT = join(import.meta.dirname, '../..')

/** What is another text in another version of the operator, by file. */
export type Differences = Readonly<Record<string, readonly [now: string, then: string]>>

/** Sources of the operator as another version has them, ready to be started from the folder that is returned. */
export async function operatorCopy(folder: string, differences: Differences): Promise<string> {
  const root = await mkdtemp(join(folder, 'operator-'))
  for (const part of ['bin', 'operator', 'package.json'])
    await cp(join(CHECKOUT, part), join(root, part), { recursive: true })
  await symlink(join(CHECKOUT, 'node_modules'), join(root, 'node_modules'))
  for (const [path, [now, then]] of Object.entries(differences)) {
    const file = join(root, 'operator', path)
    const text = await readFile(file, 'utf8')
    assert.ok(text.includes(now), `operator/${path} has "${now}"`)
    await writeFile(file, text.replace(now, then))
  }
  return root
}
