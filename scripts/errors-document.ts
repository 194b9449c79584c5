import { ERRORS, type ErrorCode } from '../service/core/errors.ts'
import { ERROR_ADVICE } from './error-advice.ts'

const INTRODUCTION = `# Errors

<!-- Made by \`make generate\` from service/core/errors.ts and scripts/error-advice.ts. Do not edit. -->

Every refusal carries one of these codes, on every protocol: HTTP in the member \`code\` of the problem details
(RFC 9457, \`application/problem+json\`), gRPC in the \`reason\` of google.rpc.ErrorInfo, Redis clients after the first word of the error, the
command line in brackets.
A code never changes its meaning. *Again* says whether the same call may succeed later without a change; where the
server knows when, it says so (\`Retry-After\`, google.rpc.RetryInfo); over the Redis protocol the word is TRYAGAIN then.

Without a code stays only what never reaches idgen: what Node's HTTP parser (a missing \`Host\`, an unknown \`Expect\`,
\`CONNECT\`) and the gRPC library (a message above the limit, bytes that are no message) refuse by themselves.

| code | HTTP | gRPC | RESP | again | meaning | what to do |
|---|---|---|---|---|---|---|
`

/** docs/errors.md. */
export function errorsDocument(): string {
  const codes = Object.keys(ERRORS) as ErrorCode[]
  return `${INTRODUCTION}${codes.map(line).join('\n')}\n`
}

function line(code: ErrorCode): string {
  const { http, grpc, resp, retryable, title } = ERRORS[code]
  return `| \`${code}\` | ${http} | ${grpc} | ${resp} | ${retryable ? 'yes' : 'no'} | ${title} | ${ERROR_ADVICE[code]} |`
}
