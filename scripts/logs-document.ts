import { LOG_EVENTS, type LogText } from '../service/ports/log-events.ts'
import { LOG_ADVICE, type LoggedEvent, worstFirst } from './log-advice.ts'
import { operatorEvents } from './operator-log-advice.ts'

const INTRODUCTION = `# The log

<!-- Made by \`make generate\` from service/ports/log-events.ts, operator/reconcile/operator-log.ts and scripts/*log-advice.ts. Do not edit. -->

One JSON object a line on standard output: \`time\`, \`level\`, \`event\`, \`msg\`, \`instance\`, \`traceId\` and \`spanId\` where the call is
traced, and the fields named here. Search for \`event\`: its name stays, the text may be worded better one day. \`err\` holds
\`type\`, \`message\`, \`code\`, \`stack\` and \`cause\`.

\`log.level\` (\`debug\`, \`info\`, \`warn\`, \`error\`, \`silent\`) is live: a change in the file or in etcd counts with the next line, in
protocol threads within a second.

    idgen serve --config idgen.yaml | jq -c 'select(.level == "error" or .event == "tag.degraded")'

Shown as \`[hidden]\` is, and nothing else:

- what the fields \`password\`, \`secret\`, \`token\`, \`authorization\`, \`cookie\`, \`adminKey\` and \`keyText\` hold, at the top of a line and
  one level below it, whatever it is;
- anywhere, inside texts too, what follows \`=\` or \`:\` after a name that ends in \`password\`, \`passwd\`, \`passphrase\`, \`pwd\`, \`secret\`,
  \`token\`, \`keyText\`, or \`api\`, \`access\`, \`admin\`, \`audit\`, \`leaf\` or \`secret\` with \`key\` (\`PGPASSWORD=x\`, \`password='a b'\`,
  \`{"smtp_auth_password":"x"}\`, also as JSON within a text of JSON): a text in quotes, a number, or a word up to a blank, \`&\`, \`;\` or a
  quote, after \`:\` also up to a comma or bracket. In JSON what \`authorization\` and \`cookie\` are followed by, too. No lists and no objects;
- a password inside a URL (\`postgres://user:x@host\`), what comes after \`Bearer\` and \`Basic\` from 16 characters on, and of an API key of
  idgen all but its id.

A secret under another name, or without one in a sentence, is not known for one. Control characters, line separators and marks
that turn the direction of text are escaped, so that what a caller sent can neither begin a line nor colour a terminal.
`

const OF_OPERATOR = `
## The log of the operator

The same form, with the name of its pod as \`pod\` in place of \`instance\`. \`IDGEN_OPERATOR_LOG_LEVEL\` sets the least level, \`info\`
if it says nothing; \`key\` is the object, as \`namespace/name\`. What is hidden in the log of the service is hidden here too,
and what fields \`data\` and \`stringData\` hold, at the top and one level below.

    kubectl logs deployment/idgen | jq -c 'select(.event == "reconcile.failed") | [.key, .err.message]'
`

const LEVELS = ['error', 'warn', 'info', 'debug'] as const

/** docs/logs.md. */
export function logsDocument(): string {
  return `${INTRODUCTION}${sections(serviceEvents(), '')}${OF_OPERATOR}${sections(operatorEvents(), 'Operator: ')}`
}

function serviceEvents(): LoggedEvent[] {
  return (Object.keys(LOG_EVENTS) as LogText[]).map((text) => {
    const { event, levels, fields } = LOG_EVENTS[text]
    return { text, event, levels: worstFirst(levels), fields, advice: LOG_ADVICE[event] }
  })
}

/** A table for each level; a line that may have several stands at its worst. */
function sections(events: readonly LoggedEvent[], of: string): string {
  return LEVELS.map((level) => {
    const here = events.filter(({ levels }) => levels[0] === level)
    const table = `| event | text | fields | meaning | what to do |\n|---|---|---|---|---|\n${here.map(line).join('')}`
    return `\n## ${of}${level}\n\n${table}`
  }).join('')
}

function line({ text, event, levels, fields, advice: { means, act } }: LoggedEvent): string {
  const others = levels.length > 1 ? ` (or ${levels.slice(1).join(', ')})` : ''
  const names = fields.map((name) => `\`${name}\``).join(', ')
  return `| \`${event}\`${others} | ${text} | ${names} | ${means} | ${act ?? 'Nothing.'} |\n`
}
