import type { Server } from 'node:http'
import { IdgenError } from '../core/errors.ts'
import { type ConnectionPlaces, guardConnections } from '../sockets/connection-places.ts'
import type { Refusal } from '../sockets/connection-table.ts'
import { Farewell } from '../sockets/farewell.ts'
import { bareAnswer } from './broken-request.ts'

/** Who finds no place reads why, where no keys must be agreed on before. Both servers are the same API. */
export function limitPlaces(plain: Server, secure: Server | undefined, places: ConnectionPlaces): void {
  const farewell = new Farewell()
  guardConnections(plain, places, (socket, why) => farewell.say(socket, bareAnswer(refusalError(why))))
  if (secure !== undefined) guardConnections(secure, places, (socket) => farewell.say(socket))
}

function refusalError(why: Refusal): IdgenError {
  const message =
    why === 'full'
      ? 'This server has as many connections as it takes (server.http.maxConnections); ask another one.'
      : 'Your address has as many connections to this server as it may (server.maxConnectionsPerAddress); use those that are open.'
  return new IdgenError('IDGEN_OVERLOADED', message, { retryAfterMs: 1000 })
}
