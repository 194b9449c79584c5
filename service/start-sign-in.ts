import type { Attempt } from './app/attempt.ts'
import type { AuditTrail } from './app/audit-trail.ts'
import type { Authenticator, Caller } from './app/authenticator.ts'
import { newRateTables, RateLimits } from './app/rate-limits.ts'
import { RefusedKeys } from './app/refused-keys.ts'
import { SharedRates, sharedSeeds } from './app/shared-rates.ts'
import { SignIn } from './app/sign-in.ts'
import type { UseCases } from './app/use-cases.ts'
import type { Config } from './config/keys.ts'
import { IdgenError } from './core/errors.ts'
import type { Outside } from './outside.ts'

/** Who may come how often, the way in with a key, and what is written down of those that are refused. */
export function newSignIn(
  config: Config,
  { clock, random, cache }: Outside,
  { authenticator, audit }: { readonly authenticator: Authenticator; readonly audit: AuditTrail },
): Pick<UseCases, 'rates' | 'refusedKeys' | 'signIn'> {
  const seeds = cache === undefined ? undefined : sharedSeeds(cache.sealKey)
  const tables = newRateTables(config.limits.shared && seeds ? seeds : (bytes) => random.fill(bytes))
  const rates = new RateLimits(clock, config.limits, tables)
  const refusedKeys = new RefusedKeys(audit)
  const authenticate = async (
    keyText: string | undefined,
    client: string,
    attempt?: Attempt,
  ): Promise<Caller> => {
    try {
      return await authenticator.authenticate(keyText)
    } catch (thrown) {
      if (IdgenError.from(thrown).code === 'IDGEN_UNAUTHENTICATED')
        refusedKeys.noteWrong(keyText, client, attempt)
      throw thrown
    }
  }
  const peek: Authenticator['peek'] = (...asked) => authenticator.peek(...asked)
  const { maxEntries, ttl } = config.auth.cache
  // Not longer than the authenticator remembers it.
  const wrongForMs = maxEntries === 0 ? 0 : Math.min(ttl, 60_000)
  return {
    rates,
    refusedKeys,
    signIn: new SignIn({
      keys: { peek, authenticate },
      rates,
      clock,
      wrongForMs,
      onThrottled: (client, attempt) => refusedKeys.noteThrottled(client, attempt),
    }),
  }
}

/** undefined: limits hold for each process alone. */
export function newSharedRates(
  config: Config,
  { cache, clock, log, instance }: Outside,
  { rates }: Pick<UseCases, 'rates'>,
): SharedRates | undefined {
  const { shared, settleEvery: everyMs } = config.limits
  if (!shared || cache === undefined) return undefined
  const { sealKey } = cache
  return new SharedRates({ rates, levels: cache.redis.rates, sealKey, instance, everyMs, clock, log })
}
