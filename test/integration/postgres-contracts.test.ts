import { sql } from 'kysely'
import { PostgresApiKeyStore } from '../../service/adapters/postgres/postgres-api-key-store.ts'
import { PostgresAuditQuery } from '../../service/adapters/postgres/postgres-audit-query.ts'
import { PostgresAuditSink } from '../../service/adapters/postgres/postgres-audit-sink.ts'
import { PostgresCatalogStore } from '../../service/adapters/postgres/postgres-catalog-store.ts'
import { PostgresDeclarationStore } from '../../service/adapters/postgres/postgres-declaration-store.ts'
import { PostgresGrantHistory } from '../../service/adapters/postgres/postgres-grant-history.ts'
import { PostgresKeyNews } from '../../service/adapters/postgres/postgres-key-news.ts'
import { PostgresKeyUseStore } from '../../service/adapters/postgres/postgres-key-use-store.ts'
import { PostgresSegmentLedger } from '../../service/adapters/postgres/postgres-segment-ledger.ts'
import { PostgresTagBatch } from '../../service/adapters/postgres/postgres-tag-batch.ts'
import { PostgresTagSearch } from '../../service/adapters/postgres/postgres-tag-search.ts'
import { PostgresTimeGrantStore } from '../../service/adapters/postgres/postgres-time-grant-store.ts'
import { SegmentAllocator } from '../../service/app/segment-allocator.ts'
import { apiKeyStoreContract } from '../contracts/api-key-store.contract.ts'
import { auditQueryContract } from '../contracts/audit-query.contract.ts'
import { auditSinkContract } from '../contracts/audit-sink.contract.ts'
import { catalogStoreContract } from '../contracts/catalog-store.contract.ts'
import { declarationStoreContract } from '../contracts/declaration-store.contract.ts'
import { declaredKeysContract } from '../contracts/declared-keys.contract.ts'
import { grantHistoryContract } from '../contracts/grant-history.contract.ts'
import { keyNewsContract } from '../contracts/key-news.contract.ts'
import { keyUseStoreContract } from '../contracts/key-use-store.contract.ts'
import { segmentStoreContract } from '../contracts/segment-store.contract.ts'
import { tagAdvanceContract } from '../contracts/tag-advance.contract.ts'
import { tagBatchContract } from '../contracts/tag-batch.contract.ts'
import { tagSearchContract } from '../contracts/tag-search.contract.ts'
import { timeGrantStoreContract } from '../contracts/time-grant-store.contract.ts'
import { SILENT } from '../fixtures/silent-log.ts'
import { twoPools } from './postgres-pools.ts'

segmentStoreContract('SegmentAllocator over PostgreSQL', async () => {
  const { one, two, close } = await twoPools()
  return {
    catalog: new PostgresCatalogStore(one),
    segments: new SegmentAllocator({ ledger: new PostgresSegmentLedger(one, { instance: 'one' }) }),
    others: new SegmentAllocator({ ledger: new PostgresSegmentLedger(two, { instance: 'two' }) }),
    close,
  }
})

tagAdvanceContract('a tag in PostgreSQL', async () => {
  const { one, two, close } = await twoPools()
  return {
    catalog: new PostgresCatalogStore(one),
    serving: new SegmentAllocator({ ledger: new PostgresSegmentLedger(one, { instance: 'one' }) }),
    command: new SegmentAllocator({ ledger: new PostgresSegmentLedger(two, { instance: 'two' }) }),
    close,
  }
})

grantHistoryContract('PostgresGrantHistory', async () => {
  const { one, close } = await twoPools()
  return {
    catalog: new PostgresCatalogStore(one),
    segments: new SegmentAllocator({ ledger: new PostgresSegmentLedger(one, { instance: 'one' }) }),
    history: new PostgresGrantHistory(one),
    grantTens: async (tagId, lo, count) => {
      await sql`
        INSERT INTO segment_allocations (tag_id, dc, lo, hi, instance)
        SELECT ${tagId}, 0, ${lo}::int + n * 10, ${lo}::int + n * 10 + 10, 'many'
          FROM generate_series(0, ${count}::int - 1) AS n`.execute(one.kysely)
    },
    close,
  }
})

tagSearchContract('PostgresTagSearch', async () => {
  const { one, close } = await twoPools()
  return { catalog: new PostgresCatalogStore(one), search: new PostgresTagSearch(one), close }
})

timeGrantStoreContract('PostgresTimeGrantStore', async () => {
  const { one, close } = await twoPools()
  return {
    open: (workers) => new PostgresTimeGrantStore(one, { workers }),
    endLease: async (hold) => {
      await one.kysely
        .updateTable('worker_times')
        .set({ lease_until: sql`clock_timestamp() - interval '1 second'` })
        .where('dc', '=', hold.dc)
        .where('worker', '=', hold.worker)
        .execute()
    },
    lapsedGoesOn: true,
    close,
  }
})

catalogStoreContract('PostgresCatalogStore', async () => {
  const { one, two, close } = await twoPools()
  return { catalog: new PostgresCatalogStore(one), others: new PostgresCatalogStore(two), close }
})

tagBatchContract('PostgresTagBatch', async () => {
  const { one, two, close } = await twoPools()
  return {
    batch: new PostgresTagBatch(one),
    catalog: new PostgresCatalogStore(two),
    declarations: new PostgresDeclarationStore(two),
    segments: new SegmentAllocator({ ledger: new PostgresSegmentLedger(two, { instance: 'two' }) }),
    close,
  }
})

declarationStoreContract('PostgresDeclarationStore', async () => {
  const { one, two, close } = await twoPools()
  return {
    catalog: new PostgresCatalogStore(one),
    declarations: new PostgresDeclarationStore(one),
    others: new PostgresDeclarationStore(two),
    segments: new SegmentAllocator({ ledger: new PostgresSegmentLedger(one, { instance: 'one' }) }),
    close,
  }
})

declaredKeysContract('PostgresDeclarationStore', async () => {
  const { one, two, close } = await twoPools()
  return {
    catalog: new PostgresCatalogStore(one),
    declarations: new PostgresDeclarationStore(two),
    keys: new PostgresApiKeyStore(one),
    close,
  }
})

keyUseStoreContract('PostgresKeyUseStore', async () => {
  const { one, close } = await twoPools()
  return { uses: new PostgresKeyUseStore(one), close }
})

apiKeyStoreContract('PostgresApiKeyStore', async () => {
  const { one, two, close } = await twoPools()
  return { keys: new PostgresApiKeyStore(one), catalog: new PostgresCatalogStore(two), close }
})

auditSinkContract('PostgresAuditSink', async () => {
  const { one, close } = await twoPools()
  return {
    sink: new PostgresAuditSink(one),
    written: async () => {
      const rows = await one.kysely
        .selectFrom('audit_log')
        .select(['at', 'actor', 'action', 'subject', 'workspace', 'result', 'trace_id', 'detail'])
        .orderBy('id')
        .execute()
      return rows.map(({ trace_id, workspace, ...row }) => ({
        ...row,
        workspace: workspace ?? undefined,
        traceId: trace_id ?? undefined,
      }))
    },
    close,
  }
})

auditQueryContract('PostgresAuditQuery', async () => {
  const { one, two, close } = await twoPools()
  return { sink: new PostgresAuditSink(one), query: new PostgresAuditQuery(two), close }
})

keyNewsContract('PostgresKeyNews', async () => {
  const { url, one, two, close } = await twoPools()
  const news = new PostgresKeyNews({ url, applicationName: 'test', database: two, log: SILENT })
  return { keys: new PostgresApiKeyStore(one), news, close }
})
