import type { ICompare, IRequestOp, ITxnRequest, ITxnResponse } from 'etcd3'
import { invariant } from '../../core/invariant.ts'
import {
  type Change,
  type Compare,
  type CoordinatorOutcome,
  type CoordinatorTransaction,
  type Entry,
  OPERATIONS_MAX,
} from '../../ports/coordinator.ts'
import { type EtcdKeys, toRevision } from './etcd-keys.ts'

/**
 * One etcd Txn:
 *
 *     if      compare…
 *     then    change… read…     answers change.length + read.length
 *     else    read…             answers read.length
 */
export function toTxn({ compare, change, read = [] }: CoordinatorTransaction, keys: EtcdKeys): ITxnRequest {
  const reads = read.map((key): IRequestOp => ({ request_range: { key: keys.toEtcd(key) } }))
  const success = [...change.map((one) => toOperation(one, keys)), ...reads]
  invariant(
    compare.length <= OPERATIONS_MAX && success.length <= OPERATIONS_MAX,
    `a transaction has at most ${OPERATIONS_MAX} compares and ${OPERATIONS_MAX} changes and reads`,
  )
  const changed = new Set(change.map((one) => ('put' in one ? one.put : one.delete)))
  invariant(changed.size === change.length, 'a transaction changes each key at most once')
  return { compare: compare.map((one) => toCompare(one, keys)), success, failure: reads }
}

export function fromTxn(
  response: ITxnResponse,
  transaction: CoordinatorTransaction,
  keys: EtcdKeys,
): CoordinatorOutcome {
  const { succeeded, header, responses } = response
  const { change, read = [] } = transaction
  const answers = succeeded ? responses.slice(change.length) : responses
  invariant(answers.length === read.length, 'etcd answers every operation of a transaction')
  const entries = new Map<string, Entry>()
  for (const { response_range } of answers)
    for (const kv of response_range.kvs) {
      const entry = keys.entry(kv)
      entries.set(entry.key, entry)
    }
  return { succeeded, revision: toRevision(header.revision), entries }
}

function toCompare(compare: Compare, keys: EtcdKeys): ICompare {
  const key = keys.toEtcd(compare.key)
  if ('createRevision' in compare)
    return { key, result: 'Equal', target: 'Create', create_revision: compare.createRevision }
  if ('modRevision' in compare)
    return { key, result: 'Equal', target: 'Mod', mod_revision: compare.modRevision }
  return { key, result: 'Equal', target: 'Value', value: Buffer.from(compare.value) }
}

function toOperation(change: Change, keys: EtcdKeys): IRequestOp {
  if ('delete' in change) return { request_delete_range: { key: keys.toEtcd(change.delete) } }
  const lease = change.leaseId === undefined ? {} : { lease: change.leaseId }
  return { request_put: { key: keys.toEtcd(change.put), value: Buffer.from(change.value), ...lease } }
}
