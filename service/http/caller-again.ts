import type { FastifyRequest } from 'fastify'
import { attemptOver } from '../app/attempt.ts'
import type { Caller } from '../app/authenticator.ts'
import type { Issuer } from '../app/issuer.ts'
import type { RequestAdmission } from './request-admission.ts'

export interface Identifiers {
  readonly issuer: Pick<Issuer, 'peekCaller' | 'authenticate'>
  readonly admission: Pick<RequestAdmission, 'clientOf'>
}

/**
 * Who asks, looked at once more. An answer in many parts goes on for as long as its reader likes, so it asks before it makes
 * each part: a key that was revoked or has expired meanwhile gets no further one. While the key is remembered, that costs a
 * hash and a map look-up.
 * @throws as Issuer.authenticate
 */
export async function callerAgain(
  request: FastifyRequest,
  { issuer, admission }: Identifiers,
): Promise<Caller> {
  const { keyText, raw } = request
  const known = issuer.peekCaller(keyText)
  if (known !== undefined) return known
  return await issuer.authenticate(keyText, admission.clientOf(raw), attemptOver(request))
}
