import { auditExport, LIST_AUDIT_RECORDS } from './audit-export.ts'
import { DescribedFiles } from './described-files.ts'
import type { IssueParts } from './issue-methods.ts'
import { methodTable } from './method-table.ts'
import { type PassingParts, passingMethod } from './passed-calls.ts'
import { type GrpcServer, type ServerParts, serveMethods } from './serve-methods.ts'

export interface IdGrpcServerParts extends IssueParts, Pick<ServerParts, 'clock' | 'options'> {
  /** Asks the main thread (answerPassed). */
  readonly passOn: PassingParts['passOn']
  readonly isReady: () => Promise<boolean>
}

/**
 * The gRPC API as a protocol thread has it: calls for IDs are answered here by the same code as in the main thread, health
 * and reflection too; every other call of ours is passed on to that, whole. Apart from server.ts, since a thread would load
 * the methods and messages of management with that: a fifth of all it loads.
 */
export function createIdGrpcServer({ passOn, ...parts }: IdGrpcServerParts): GrpcServer {
  const passing: PassingParts = { passOn, addresses: parts.addresses, rates: parts.issuer.rates }
  return serveMethods({
    ...parts,
    methodsOf: (own, streams) => {
      const table = methodTable(own, [auditExport(passingMethod(LIST_AUDIT_RECORDS, passing), streams)])
      let files: DescribedFiles | undefined
      // Only what there is: strangers could keep the main thread busy with names out of thin air.
      const isOurs = (path: string): boolean =>
        path.startsWith('/idgen.') && (files ??= new DescribedFiles()).hasMethod(path)
      return { get: (path) => table.get(path) ?? (isOurs(path) ? passingMethod(path, passing) : undefined) }
    },
  })
}
