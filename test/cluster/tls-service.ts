import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { Agent, request } from 'node:https'
import { join } from 'node:path'
import type { TagPath } from '../../operator/core/biz-tag-declaration.ts'
import type { ServiceAccess } from '../../operator/reconcile/service-client-https.ts'
import { freePort } from '../fixtures/free-ports.ts'
import { type ServiceProcess, startService } from '../fixtures/service-process.ts'
import { temporaryFolder } from '../fixtures/temporary-folder.ts'
import { type TestDatabase, testDatabase } from '../integration/postgres-server.ts'
import { type TestCertificate, testCertificate } from './test-certificate.ts'

/** A real idgen service with TLS and a database of its own; it can go away and come back under the same address. */
export class TlsService {
  readonly access: ServiceAccess
  /** What its Secret of kind kubernetes.io/tls holds. */
  readonly secret: Readonly<Record<'ca.crt' | 'tls.crt' | 'tls.key', string>>
  readonly #environment: Record<string, string>
  readonly #database: TestDatabase
  #process: ServiceProcess

  private constructor(
    access: ServiceAccess,
    { ca, cert, key }: TestCertificate,
    environment: Record<string, string>,
    process: ServiceProcess,
    database: TestDatabase,
  ) {
    this.access = access
    this.secret = { 'ca.crt': ca, 'tls.crt': cert, 'tls.key': key }
    this.#environment = environment
    this.#process = process
    this.#database = database
  }

  static async start(generator: string, namespace: string): Promise<TlsService> {
    const certificate = testCertificate(generator, namespace)
    const folder = temporaryFolder('idgen-test-tls-')
    const database = await testDatabase()
    await writeFile(join(folder, 'tls.crt'), certificate.cert)
    await writeFile(join(folder, 'tls.key'), certificate.key)
    const port = await freePort()
    const key = `admin-${randomBytes(12).toString('hex')}`
    const environment = {
      IDGEN_DATABASE_URL: database.url,
      IDGEN_AUTH_ADMIN_KEY: key,
      // The same whenever it comes back.
      IDGEN_SERVER_HTTPS_PORT: String(port),
      IDGEN_SERVER_HTTPS_CERT: join(folder, 'tls.crt'),
      IDGEN_SERVER_HTTPS_KEY: join(folder, 'tls.key'),
    }
    try {
      const process = await startService(environment)
      const access = {
        address: `https://127.0.0.1:${port}`,
        servername: `${generator}.${namespace}.svc`,
        ca: certificate.ca,
        key,
      }
      return new TlsService(access, certificate, environment, process, database)
    } catch (thrown) {
      await database.drop()
      throw thrown
    }
  }

  /** Nobody answers any more. */
  async goAway(): Promise<void> {
    await this.#process.stop('SIGTERM')
  }

  async comeBack(): Promise<void> {
    this.#process = await startService(this.#environment)
  }

  /** Its connections stay open, and nothing answers. */
  pause(): void {
    this.#process.pause()
  }

  resume(): void {
    this.#process.resume()
  }

  async close(): Promise<void> {
    await this.#process.stop('SIGTERM')
    await this.#database.drop()
  }
}

/** Asks for IDs as an application does; answers with the HTTP status. */
export async function askIds(
  { address, ca, key, servername }: ServiceAccess,
  { workspace, group, tag }: TagPath,
  count: number,
): Promise<number | undefined> {
  const agent = new Agent({ servername, ...(ca === undefined ? {} : { ca }) })
  const url = `${address}/v1/workspaces/${workspace}/groups/${group}/tags/${tag}/ids`
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
  const call = request(url, { method: 'POST', agent, headers })
  call.end(JSON.stringify({ count }))
  const [response] = (await once(call, 'response')) as [IncomingMessage]
  response.resume()
  agent.destroy()
  return response.statusCode
}
