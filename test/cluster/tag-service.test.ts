import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { pathText } from '../../operator/core/biz-tag-declaration.ts'
import { ServiceError } from '../../operator/reconcile/service-client.ts'
import { HttpsServiceClient, type ServiceAccess } from '../../operator/reconcile/service-client-https.ts'
import { MemoryTagService } from './memory-tag-service.ts'
import { type ContractService, tagServiceContract } from './tag-service.contract.ts'
import { testCertificate } from './test-certificate.ts'
import { askIds, TlsService } from './tls-service.ts'

tagServiceContract('the service in memory', async () => {
  const client = new MemoryTagService()
  return {
    client,
    grant: async (path, count) => client.grant(pathText(path), count),
    close: async () => {},
  }
})

tagServiceContract('the real service', async () => await realService())

tagServiceContract(
  'the real service that does not know the newest key',
  async () => await realService('newest'),
)

async function realService(newest?: string): Promise<ContractService> {
  const service = await TlsService.start('ids', 'shop')
  const { key } = service.access
  const keys = newest === undefined ? {} : { key: newest, otherKeys: [key] }
  const client = new HttpsServiceClient({ ...service.access, ...keys })
  return {
    client,
    grant: async (path, count) => assert.equal(await askIds(service.access, path, count), 200),
    close: async () => {
      client.close()
      await service.close()
    },
  }
}

describe('the client of a real service', () => {
  let service: TlsService
  before(async () => {
    service = await TlsService.start('ids', 'shop')
  })
  after(() => service?.close())

  async function failure(access: Partial<ServiceAccess>): Promise<ServiceError> {
    const client = new HttpsServiceClient({ ...service.access, ...access })
    try {
      await client.list('c', { limit: 1 }, AbortSignal.any([]))
      return assert.fail('it should have failed')
    } catch (thrown) {
      assert.ok(thrown instanceof ServiceError, String(thrown))
      return thrown
    } finally {
      client.close()
    }
  }

  test('believes only the authority of the Secret, and only the name of the Service', async () => {
    const stranger = await failure({ ca: testCertificate('ids', 'shop').ca })
    assert.equal(stranger.status, 0)
    assert.match(stranger.detail, /self-signed|unable to verify|certificate/i)
    const elsewhere = await failure({ servername: 'ids.other.svc' })
    assert.equal(elsewhere.status, 0)
    assert.match(elsewhere.detail, /does not match certificate/)
  })

  test('tells a key that is refused from a service that is away', async () => {
    const refused = await failure({ key: 'wrong' })
    assert.deepEqual([refused.status, refused.code], [401, 'IDGEN_UNAUTHENTICATED'])
    const away = await failure({ address: 'https://127.0.0.1:1' })
    assert.deepEqual([away.status, away.code, away.retryable], [0, '', true])
  })

  test('meets a connection that was closed meanwhile with a new one', async () => {
    const client = new HttpsServiceClient(service.access)
    try {
      await client.list('c', { limit: 1 }, AbortSignal.any([]))
      await service.goAway()
      await service.comeBack()
      assert.deepEqual((await client.list('c', { limit: 1 }, AbortSignal.any([]))).items, [])
    } finally {
      client.close()
    }
  })
})
