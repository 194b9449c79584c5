/** All rate limits on, counted for every request, and never reached below `perSecond` requests. */
export function limitsAbove(perSecond: number): Readonly<Record<string, string>> {
  const limit = String(perSecond)
  return { IDGEN_LIMITS_PER_ADDRESS: limit, IDGEN_LIMITS_PER_KEY: limit, IDGEN_LIMITS_PER_TAG: limit }
}
