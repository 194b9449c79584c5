import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { compile } from 'tailwindcss'

/**
 * The stylesheet of the admin UI, from service/ui/stylesheet.css and every class that the sources beside it name, as a module: so it
 * is where the compiled program is, and who runs idgen builds nothing.
 */
export async function stylesheetModule(root: string): Promise<Record<string, string>> {
  const folder = join(root, 'service/ui')
  const tailwind = dirname(createRequire(import.meta.url).resolve('tailwindcss/package.json'))
  const compiler = await compile(readFileSync(join(folder, 'stylesheet.css'), 'utf8'), {
    base: folder,
    loadStylesheet: async (id) => {
      const path = join(tailwind, id === 'tailwindcss' ? 'index.css' : id)
      return { path, base: tailwind, content: readFileSync(path, 'utf8') }
    },
  })
  const css = compiler.build(wordsOf(folder))
  const text = `/** Made by scripts/ui-stylesheet.ts from stylesheet.css and the classes in service/ui. */\nexport const STYLESHEET = ${JSON.stringify(slim(css))}\n`
  return { 'service/ui/generated/stylesheet.ts': text }
}

/** All that could be a class. Tailwind drops what is none; in order, so that the result is always the same. */
function wordsOf(folder: string): string[] {
  const words = new Set<string>()
  for (const path of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort())
    if (path.endsWith('.ts') && !path.endsWith('.test.ts') && !path.includes('generated'))
      for (const [word] of readFileSync(join(folder, path), 'utf8').matchAll(/[^\s"'`<>{}$]+/g))
        words.add(word)
  return [...words].sort()
}

/** Without comments and indentation: a third less to load. */
function slim(css: string): string {
  return css
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/\n\s*/g, '\n')
    .trim()
}
