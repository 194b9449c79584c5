import type { Issuer } from '../app/issuer.ts'
import { IdgenError } from '../core/errors.ts'

/**
 * Whether the certificate that a client has shown, and used for no command yet, gives it rights to anything. `keyText`: as
 * certificateTextOf has it. While a store is away nobody knows, and it is given the benefit of the doubt.
 */
export async function givesRights(
  issuer: Pick<Issuer, 'authenticate'>,
  keyText: string,
  client: string,
): Promise<boolean> {
  try {
    await issuer.authenticate(keyText, client)
    return true
  } catch (thrown) {
    const { code } = IdgenError.from(thrown)
    return code !== 'IDGEN_UNAUTHENTICATED' && code !== 'IDGEN_RATE_LIMITED'
  }
}
