import type { CodeBlock } from './documents.ts'

/** One command of a block of shell, without the variables before it. */
export interface ShellCommand {
  readonly program: string
  readonly args: readonly string[]
  readonly place: string
}

/** Languages of blocks that hold commands. */
export const SHELL = new Set(['sh', 'bash', 'shell', 'console'])

/** The commands of a block. In `console` blocks those are the lines after `$ `; the others are what was answered. */
export function shellCommands(block: CodeBlock): ShellCommand[] {
  const text =
    block.language === 'console'
      ? block.text
          .split('\n')
          .flatMap((line) => (line.startsWith('$ ') ? [line.slice(2)] : []))
          .join('\n')
      : block.text
  return pieces(text).flatMap((words) => {
    const rest = words.slice(words.findIndex((word) => !/^[A-Z_][A-Z0-9_]*=/i.test(word)))
    const program = rest[0]
    if (program === undefined || /^[A-Z_][A-Z0-9_]*=/i.test(program)) return []
    return [{ program, args: rest.slice(1), place: `${block.path}:${block.line}` }]
  })
}

/** The words of each command: quotes held together, comments and the text of here-documents left out. */
function pieces(text: string): string[][] {
  const commands: string[][] = []
  let words: string[] = []
  const end = (): void => {
    if (words.length > 0) commands.push(words)
    words = []
  }
  const plain = text.replaceAll('\\\n', ' ').replace(/<<'?(\w+)'?\n[\s\S]*?\n\1(?=\n|$)/g, '')
  for (const [token] of plain.matchAll(
    /#[^\n]*|\n|&&|\|\||[;|&](?!\w)|(?:\$\([^)]*\)|'[^']*'|"[^"]*"|\\.|[^\s'";|&])+/g,
  )) {
    if (/^(?:\n|&&|\|\||[;|&])$/.test(token)) end()
    else if (!token.startsWith('#')) words.push(token)
  }
  end()
  return commands
}
