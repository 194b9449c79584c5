/**
 * What `helm test` runs in a pod: is the operator ready, and does the IdGenerator of the release give out IDs? It imports
 * only what Node has. OPERATOR_URL may be left out, and SERVICE_URL, which goes with SERVICE_KEY and SERVICE_TAGS (paths, blanks
 * between). AUTHORITIES are files with authorities that sign their certificates, blanks between; a public one has no file.
 */
import { existsSync, readFileSync } from 'node:fs'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'

const {
  AUTHORITIES = '',
  OPERATOR_URL,
  SERVICE_URL,
  SERVICE_KEY = '',
  SERVICE_TAGS = '',
  READY_MAX_SECONDS = '180',
} = process.env
/** A release that was installed a moment ago needs a little time; below the five minutes of `helm test`. */
const END_MS = performance.now() + Number(READY_MAX_SECONDS) * 1000
const REQUEST_MAX_MS = 10_000
const PAUSE_MS = 1000

try {
  const files = AUTHORITIES.split(' ').filter((file) => file !== '' && existsSync(file))
  const authorities = files.map((file) => readFileSync(file, 'utf8'))
  setDefaultCACertificates([...getCACertificates(), ...authorities])
  if (OPERATOR_URL !== undefined) await until(`${OPERATOR_URL}/readyz`, {})
  if (SERVICE_URL !== undefined) await askService(SERVICE_URL)
} catch (thrown) {
  console.error(thrown instanceof Error ? thrown.message : thrown)
  process.exitCode = 1
}

async function askService(url: string): Promise<void> {
  const headers = { authorization: `Bearer ${SERVICE_KEY}`, 'content-type': 'application/json' }
  // It needs the key, the certificate and the database, also where there is no tag yet.
  await until(`${url}/v1/workspaces`, { headers })
  for (const path of SERVICE_TAGS.split(' ').filter((tag) => tag !== '')) {
    const text = await until(`${url}/v1/${path}/ids`, { method: 'POST', headers, body: '{"count":2}' })
    const { ids = [] } = JSON.parse(text) as { readonly ids?: readonly string[] }
    if (new Set(ids).size !== 2) throw new Error(`${path}: two IDs were asked for, the answer is ${text}`)
    console.log(`${path}: ${ids.join(' ')}`)
  }
}

/** The body of the first good answer. */
async function until(url: string, request: RequestInit): Promise<string> {
  for (;;) {
    const { status, text } = await send(url, request)
    if (status >= 200 && status < 300) {
      console.log(`${url}: ${status}`)
      return text
    }
    if (performance.now() > END_MS) throw new Error(`${url}: ${status} ${text}`)
    await new Promise((resolve) => {
      setTimeout(resolve, PAUSE_MS)
    })
  }
}

/** Status 0: no answer. */
async function send(url: string, request: RequestInit): Promise<{ status: number; text: string }> {
  try {
    const response = await fetch(url, { ...request, signal: AbortSignal.timeout(REQUEST_MAX_MS) })
    return { status: response.status, text: await response.text() }
  } catch (thrown) {
    const cause = thrown instanceof Error ? (thrown.cause ?? thrown) : thrown
    return { status: 0, text: cause instanceof Error ? cause.message : String(cause) }
  }
}
