import { LocalIssuer } from '../app/local-issuer.ts'
import type { UseCases } from '../app/use-cases.ts'
import { invariant } from '../core/invariant.ts'
import { auditExport, LIST_AUDIT_RECORDS } from './audit-export.ts'
import { managementMethods } from './management-methods.ts'
import { methodTable } from './method-table.ts'
import { type GrpcServer, type GrpcServerOptions, serveMethods } from './serve-methods.ts'

/** The gRPC API, design.md section 5, over HTTP/2 of our own (decision 0027). */
export function createGrpcServer(useCases: UseCases, options: GrpcServerOptions): GrpcServer {
  const { clock, log, tracer, addresses, readiness } = useCases
  return serveMethods({
    clock,
    log,
    tracer,
    addresses,
    issuer: new LocalIssuer(useCases, 'grpc'),
    isReady: () => readiness.report().ready,
    methodsOf: (own, streams) => {
      const managing = managementMethods(useCases)
      const list = managing.find(({ path }) => path === LIST_AUDIT_RECORDS)
      invariant(list !== undefined, 'the audit log is read by a method of its own')
      return methodTable(own, managing, [auditExport(list, streams)])
    },
    options,
  })
}
