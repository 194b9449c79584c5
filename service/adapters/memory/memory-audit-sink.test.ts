import { auditSinkContract } from '../../../test/contracts/audit-sink.contract.ts'
import { MemoryAuditSink } from './memory-audit-sink.ts'

auditSinkContract('MemoryAuditSink', async () => {
  const sink = new MemoryAuditSink()
  return { sink, written: async () => sink.records, close: async () => {} }
})
