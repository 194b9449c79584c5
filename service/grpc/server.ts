import { LocalIssuer } from '../app/local-issuer.ts'
import type { UseCases } from '../app/use-cases.ts'
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
    issuer: new LocalIssuer(useCases),
    isReady: () => readiness.report().ready,
    methodsOf: (own) => methodTable(own, managementMethods(useCases)),
    options,
  })
}
