import { keyDigest } from '../app/authenticator.ts'
import { authorizeReader } from '../app/authorize-reader.ts'
import type { Issuer } from '../app/issuer.ts'
import { IdgenError } from '../core/errors.ts'
import { parseTraceparent } from '../core/traceparent.ts'
import type { Answer, Command, CommandContext } from './command.ts'
import { errorLine, plainErrorLine } from './error-line.ts'
import type { ReplyBuffer, RespVersion } from './reply-buffer.ts'
import type { Session } from './session.ts'

/** What concerns the connection itself: who is there, in which version, and is somebody listening. */
export const CONNECTION_COMMANDS: Readonly<Record<string, Command>> = {
  auth: {
    least: 1,
    most: 2,
    open: true,
    // Trying keys out is limited before the key is looked up.
    limited: true,
    // AUTH key, or AUTH user key as of Redis 6: the key says who it is, so the user may be any.
    run: (context, words) => login(context, words.at(-1) ?? '', (out) => out.status('OK')),
  },
  hello: { least: 0, most: 6, open: true, limited: true, run: hello },
  reset: {
    least: 0,
    most: 0,
    open: true,
    run: ({ session, out }) => {
      session.reset()
      out.status('RESET')
    },
  },
  quit: {
    least: 0,
    most: Number.POSITIVE_INFINITY,
    open: true,
    run: ({ out, end }) => {
      out.status('OK')
      end()
    },
  },
  ping: {
    least: 0,
    most: 1,
    run: ({ out }, [text]) => (text === undefined ? out.status('PONG') : out.bulk(text)),
  },
  echo: { least: 1, most: 1, run: ({ out }, [text = '']) => out.bulk(text) },
  select: {
    least: 1,
    most: 1,
    run: ({ out }, [database]) => {
      if (database === '0') out.status('OK')
      else out.text(plainErrorLine('ERR', 'DB index is out of range: idgen has only 0'))
    },
  },
  client: { least: 1, most: Number.POSITIVE_INFINITY, run: client },
  // The protocol has no place for it beside a command: it is one of its own, for what comes next.
  'idgen.trace': {
    least: 1,
    most: 1,
    run: ({ session, out }, [text = '']) => {
      const parent = parseTraceparent(text)
      if (parent === undefined) return out.text(TRACE_FAULT)
      session.trace = parent
      out.status('OK')
    },
  },
}

/** Checks the key and remembers it; a wrong one leaves the connection as it was. */
function login({ session, issuer }: CommandContext, keyText: string, welcome: Answer): Promise<Answer> {
  return reader(issuer, keyText, session.client).then(
    () => (out) => {
      session.keyText = keyText
      session.keyDigest = keyDigest(keyText)
      session.isKnown = true
      welcome(out)
    },
    (thrown: unknown) => (out) => out.text(refusedLogin(IdgenError.from(thrown))),
  )
}

/** A key that only writes alerts has no business here: nothing that a connection may ask is for it. */
async function reader(issuer: Issuer, keyText: string, client: string): Promise<void> {
  authorizeReader(await issuer.authenticate(keyText, client))
}

function refusedLogin(error: IdgenError): string {
  // The word by which clients know that it is the key, and no use to try again.
  if (error.code === 'IDGEN_UNAUTHENTICATED')
    return plainErrorLine('WRONGPASS', `${error.code} ${error.message}`)
  return errorLine(error)
}

interface HelloWishes {
  version: RespVersion | undefined
  keyText: string | undefined
  name: string | undefined
}

/** HELLO [2|3 [AUTH user key] [SETNAME name]] */
function hello(context: CommandContext, words: readonly string[]): void | Promise<Answer> {
  const { session, issuer, out } = context
  const wishes = helloWishes(words)
  if (typeof wishes === 'string') return out.text(wishes)
  const welcome: Answer = (answer) => {
    session.version = wishes.version ?? session.version
    session.name = wishes.name ?? session.name
    introduce(context, answer)
  }
  if (wishes.keyText !== undefined) return login(context, wishes.keyText, welcome)
  if (session.keyText !== undefined || issuer.peekCaller(undefined) !== undefined) return welcome(out)
  return out.text(
    plainErrorLine(
      'NOAUTH',
      'HELLO needs a key first, by AUTH idg_..., or with it: HELLO 3 AUTH default idg_...',
    ),
  )
}

/** The error's line where they cannot be read. */
function helloWishes([version, ...words]: readonly string[]): HelloWishes | string {
  const wishes: HelloWishes = { version: undefined, keyText: undefined, name: undefined }
  if (version === undefined) return wishes
  if (version !== '2' && version !== '3')
    return plainErrorLine('NOPROTO', 'unsupported protocol version: idgen speaks 2 and 3')
  wishes.version = version === '3' ? 3 : 2
  for (let i = 0; i < words.length; ) {
    const option = words[i]?.toLowerCase()
    if (option === 'auth' && i + 2 < words.length) {
      wishes.keyText = words[i + 2]
      i += 3
    } else if (option === 'setname' && i + 1 < words.length) {
      const name = words[i + 1] ?? ''
      if (!isName(name)) return NAME_FAULT
      wishes.name = name
      i += 2
    } else return plainErrorLine('ERR', `Syntax error in HELLO option '${words[i]}'`)
  }
  return wishes
}

function introduce({ session, version }: CommandContext, out: ReplyBuffer): void {
  out.map(7, session.version)
  for (const [key, value] of [
    ['server', 'idgen'],
    ['version', version],
    ['proto', session.version],
    ['id', session.id],
    ['mode', 'standalone'],
    ['role', 'master'],
  ] as const) {
    out.bulk(key)
    if (typeof value === 'number') out.integer(value)
    else out.bulk(value)
  }
  out.bulk('modules')
  out.array(0)
}

/** What client libraries tell of themselves when they connect, and what people ask. */
function client({ session, out }: CommandContext, [sub = '', ...words]: readonly string[]): void {
  switch (sub.toLowerCase()) {
    case 'setinfo':
    case 'no-evict':
    case 'no-touch':
      return out.status('OK')
    case 'setname':
      return setName(session, out, words)
    case 'getname':
      return session.name === '' ? out.nothing(session.version) : out.bulk(session.name)
    case 'id':
      return out.integer(session.id)
    default:
      return out.text(plainErrorLine('ERR', `unknown subcommand '${sub}' of CLIENT`))
  }
}

function setName(session: Session, out: ReplyBuffer, [name, ...more]: readonly string[]): void {
  if (name === undefined || more.length > 0)
    return out.text(plainErrorLine('ERR', "wrong number of arguments for 'client|setname' command"))
  if (!isName(name)) return out.text(NAME_FAULT)
  session.name = name
  out.status('OK')
}

function isName(name: string): boolean {
  return /^[\x21-\x7e]*$/.test(name)
}

const NAME_FAULT = plainErrorLine(
  'ERR',
  'Client names cannot contain spaces, newlines or special characters.',
)

const TRACE_FAULT = plainErrorLine(
  'ERR',
  'IDGEN.TRACE takes a W3C traceparent: 00-<32 hex digits>-<16 hex digits>-<2 hex digits>',
)
