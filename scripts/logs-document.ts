import { LOG_EVENTS, type LogText } from '../service/ports/log-events.ts'
import { LOG_ADVICE } from './log-advice.ts'

const INTRODUCTION = `# The log

<!-- Made by \`make generate\` from service/ports/log-events.ts and scripts/log-advice.ts. Do not edit. -->

One JSON object a line on standard output: \`time\`, \`level\`, \`event\`, \`msg\`, \`instance\`, \`traceId\` and \`spanId\` where the call is
traced, and the fields named here. Search for \`event\`: its name stays, the text may be worded better one day. \`err\` holds
\`type\`, \`message\`, \`code\`, \`stack\` and \`cause\`.

\`log.level\` (\`debug\`, \`info\`, \`warn\`, \`error\`, \`silent\`) is live: a change in the file or in etcd counts with the next line, in
protocol threads within a second.

    idgen serve --config idgen.yaml | jq -c 'select(.level == "error" or .event == "tag.degraded")'

Fields that are named as secrets, passwords inside URLs and connection strings, and API keys inside texts are shown as
\`[hidden]\`. Control characters, line separators and marks that turn the direction of text are escaped, so that what a
caller sent can neither begin a line nor colour a terminal.
`

const LEVELS = ['error', 'warn', 'info', 'debug'] as const

/** docs/logs.md. */
export function logsDocument(): string {
  const texts = Object.keys(LOG_EVENTS) as LogText[]
  const sections = LEVELS.map((level) => {
    const here = texts.filter((text) => firstLevel(text) === level)
    return `\n## ${level}\n\n| event | text | fields | meaning | what to do |\n|---|---|---|---|---|\n${here.map(line).join('')}`
  })
  return `${INTRODUCTION}${sections.join('')}`
}

/** The worst, where a line may have several. */
function firstLevel(text: LogText): string | undefined {
  return LEVELS.find((level) => LOG_EVENTS[text].levels.some((own) => own === level))
}

function line(text: LogText): string {
  const { event, levels, fields } = LOG_EVENTS[text]
  const { means, act } = LOG_ADVICE[event]
  const others = levels.length > 1 ? ` (or ${levels.slice(1).join(', ')})` : ''
  const names = fields.map((name) => `\`${name}\``).join(', ')
  return `| \`${event}\`${others} | ${text} | ${names} | ${means} | ${act ?? 'Nothing.'} |\n`
}
