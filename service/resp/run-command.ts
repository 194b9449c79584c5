import { IdgenError } from '../core/errors.ts'
import type { Answer, Command, CommandContext } from './command.ts'
import { CONNECTION_COMMANDS } from './connection-commands.ts'
import { errorLine, plainErrorLine } from './error-line.ts'
import { ISSUE_COMMANDS } from './issue-commands.ts'
import { NODE_COMMANDS } from './node-commands.ts'
import { SERVER_COMMANDS } from './server-commands.ts'

/** A map, not an object: `constructor` is no command. */
const COMMANDS: ReadonlyMap<string, Command> = new Map(
  Object.entries({ ...CONNECTION_COMMANDS, ...SERVER_COMMANDS, ...NODE_COMMANDS, ...ISSUE_COMMANDS }),
)

/**
 * Answers any command but the single IDs of a burst: at once, or by a promise that never rejects. `words`: the name and
 * its arguments, one or more.
 */
export function runCommand(
  context: CommandContext,
  [name = '', ...words]: readonly string[],
): void | Promise<Answer> {
  const { out, end } = context
  const command = COMMANDS.get(name.toLowerCase())
  if (command === undefined || command.limited === true || !isKnown(context)) {
    const limited = beyondLimit(context)
    if (limited !== undefined) return out.text(limited)
  }
  if (command === undefined) {
    // A web page made a browser send its form to this port: nothing of it may be taken for a command.
    if (FROM_A_BROWSER.test(name)) return end()
    return out.text(plainErrorLine('ERR', `unknown command '${shown(name)}'${beginning(words)}`))
  }
  if (words.length < command.least || words.length > command.most)
    return out.text(plainErrorLine('ERR', `wrong number of arguments for '${name.toLowerCase()}' command`))
  if (command.open !== true && !isKnown(context)) return out.text(NO_KEY)
  return command.run(context, words)
}

/** What a stranger asks, or anybody of what there is not, counts like a request for IDs. The refusal, if it is one too many. */
function beyondLimit({ session, issuer }: CommandContext): string | undefined {
  try {
    issuer.rates.admitAddress(session.client)
    return undefined
  } catch (thrown) {
    return errorLine(IdgenError.from(thrown))
  }
}

/** Enough for what gives no IDs: whether the key is still valid is looked at for every ID. */
function isKnown({ session, issuer }: CommandContext): boolean {
  return session.keyText !== undefined || issuer.peekCaller(undefined) !== undefined
}

const NO_KEY = plainErrorLine(
  'NOAUTH',
  'IDGEN_UNAUTHENTICATED This connection needs an API key first: AUTH idg_...',
)
const FROM_A_BROWSER = /^(?:post|host:)$/i

function beginning(words: readonly string[]): string {
  return words.length === 0
    ? ''
    : `, with args beginning with: ${words
        .slice(0, 3)
        .map((word) => `'${shown(word)}'`)
        .join(' ')}`
}

function shown(word: string): string {
  return word.slice(0, 64)
}
