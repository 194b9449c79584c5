export interface Copy {
  readonly fromBuild: boolean
  readonly source: string
  readonly target: string
}

/** What the last stage of a Dockerfile puts into the image and sets for its process. */
export interface LastStage {
  readonly workdir: string
  readonly copies: readonly Copy[]
  readonly env: readonly string[]
  readonly user: string
  readonly exposed: readonly string[]
  readonly entrypoint: readonly string[]
  readonly command: readonly string[]
}

/** Reads the forms that the project's Dockerfile uses; refuses others, so that no line of it is lost silently. */
export function lastStage(dockerfile: string): LastStage {
  const lines = dockerfile
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
  const from = lines.findLastIndex((line) => line.startsWith('FROM '))
  const stage = { workdir: '/', copies: [], env: [], user: '', exposed: [], entrypoint: [], command: [] }
  return lines.slice(from + 1).reduce<LastStage>(withLine, stage)
}

function withLine(stage: LastStage, line: string): LastStage {
  const [word = '', ...rest] = line.split(/\s+/)
  const text = line.slice(word.length).trim()
  switch (word) {
    case 'WORKDIR':
      return { ...stage, workdir: text }
    case 'ENV':
      return { ...stage, env: [...stage.env, ...rest] }
    case 'USER':
      return { ...stage, user: text }
    case 'EXPOSE':
      return { ...stage, exposed: rest.map((port) => `${port}/tcp`) }
    case 'COPY':
      return { ...stage, copies: [...stage.copies, ...copiesOf(rest)] }
    case 'ENTRYPOINT':
      return { ...stage, entrypoint: words(text) }
    case 'CMD':
      return { ...stage, command: words(text) }
    // Orchestrators have probes of their own; labels change nothing.
    case 'HEALTHCHECK':
    case 'LABEL':
      return stage
    default:
      throw new Error(
        `Dockerfile, last stage: "${line}" is not understood; teach it to scripts/cluster/last-stage.ts`,
      )
  }
}

/** A folder as the last word keeps the names; a single source takes the target's name. */
function copiesOf(args: readonly string[]): Copy[] {
  const paths = args.filter((arg) => !arg.startsWith('--'))
  const fromBuild = args.includes('--from=build')
  const target = paths.at(-1) ?? ''
  return paths.slice(0, -1).map((source) => {
    const name = source.split('/').at(-1) ?? ''
    return { fromBuild, source, target: target.endsWith('/') ? `${target}${name}` : target }
  })
}

function words(json: string): string[] {
  const read: unknown = JSON.parse(json)
  if (!Array.isArray(read))
    throw new Error(`Dockerfile: ${json} is not a list; write ["program", "argument"]`)
  return read.map(String)
}
