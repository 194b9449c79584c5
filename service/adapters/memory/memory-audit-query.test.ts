import { auditQueryContract } from '../../../test/contracts/audit-query.contract.ts'
import { MemoryAuditQuery } from './memory-audit-query.ts'
import { MemoryAuditSink } from './memory-audit-sink.ts'

auditQueryContract('MemoryAuditQuery', async () => {
  const sink = new MemoryAuditSink()
  return { sink, query: new MemoryAuditQuery(() => sink.records), close: async () => {} }
})
