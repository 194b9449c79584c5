import type { ClientOptions } from '../client-options.ts'
import type { IdgenClientError } from '../core/client-error.ts'
import { IdgenClient } from '../idgen-client.ts'
import { ScriptedTransport } from './scripted-transport.ts'
import { VirtualClock } from './virtual-clock.ts'

export interface ClientWorld {
  readonly client: IdgenClient
  readonly clock: VirtualClock
  readonly transport: ScriptedTransport
  readonly warnings: IdgenClientError[]
}

export const TAG = 'acme/shop/orders'

/** A client over a scripted service, in virtual time. */
export function clientWorld(options: Partial<ClientOptions> = {}): ClientWorld {
  const clock = new VirtualClock()
  const transport = new ScriptedTransport()
  const warnings: IdgenClientError[] = []
  const client = new IdgenClient(
    {
      endpoints: 'test://a',
      transport: () => transport,
      onWarning: (error) => warnings.push(error),
      ...options,
    },
    clock,
  )
  return { client, clock, transport, warnings }
}
