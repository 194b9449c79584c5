import type { Caller } from '../app/authenticator.ts'

/** Pages are for those who manage or audit (decision 0037); a key of a program, or of Alertmanager, has no business there. */
export function maySignIn({ scopes }: Pick<Caller, 'scopes'>): boolean {
  return scopes.includes('manage') || scopes.includes('audit')
}
