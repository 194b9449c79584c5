import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryUseCases } from '../../test/fixtures/memory-use-cases.ts'
import type { Call, CallStatus } from './call.ts'
import { managementMethods } from './management-methods.ts'
import { methodTable } from './method-table.ts'
import { answerPassed, type PassedCall, passingMethod } from './passed-calls.ts'
import { STATUS } from './status-code.ts'

const PATH = '/idgen.v1.CatalogService/ListWorkspaces'

/** A call as a thread has it. */
function callFrom(address: string): Call {
  const head = { path: PATH, memo: undefined, field: () => undefined }
  return { head, peer: { address }, cancelled: false }
}

test('a call counts for its address in the thread, before it is passed on, and there alone', async () => {
  const { useCases } = await memoryUseCases({ environment: { IDGEN_LIMITS_PER_ADDRESS: '3' } })
  const main = methodTable(managementMethods(useCases))
  const clients: string[] = []
  const { rates, addresses } = useCases
  const passOn = (call: PassedCall, client: string): Promise<unknown> => {
    clients.push(client)
    return answerPassed(main, call)
  }
  const method = passingMethod(PATH, { rates, addresses, passOn })
  const codeFrom = async (address: string): Promise<number> => {
    try {
      await method.answer(new Uint8Array(), callFrom(address))
      return 0
    } catch (thrown) {
      return (thrown as CallStatus).code
    }
  }
  const codes: number[] = []
  for (let i = 0; i < 5; i += 1) codes.push(await codeFrom('192.0.2.1'))
  const { UNAUTHENTICATED, RESOURCE_EXHAUSTED } = STATUS
  assert.deepEqual(codes, [
    ...Array.from({ length: 3 }, () => UNAUTHENTICATED),
    RESOURCE_EXHAUSTED,
    RESOURCE_EXHAUSTED,
  ])
  assert.deepEqual(clients, ['192.0.2.1', '192.0.2.1', '192.0.2.1'])
  assert.equal(rates.refused.address, 2)
  assert.equal(await codeFrom('192.0.2.2'), UNAUTHENTICATED)
})
