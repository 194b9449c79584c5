import type { Actor } from './actor.ts'
import type { SwitchCoordination, SwitchReport, SwitchRequest } from './switch-coordination.ts'

export interface SwitchParts {
  readonly time: Pick<SwitchCoordination, 'run'>
  /** LeaveWitness. @returns how many tags were changed */
  readonly leaveWitness: (actor: Actor, dc: number) => Promise<number>
  /** Etcd hears how far this database got (app/tell-reach.ts). */
  readonly joinWitness: () => Promise<void>
}

/** `tagsUnwitnessed`: how many tags begin above what etcd remembers of them, from now on. */
export type WholeSwitchReport = SwitchReport & { readonly tagsUnwitnessed: number }

/**
 * `idgen coordination switch`: of a data centre's time, and of its numbers. To PostgreSQL the numbers leave etcd before the time
 * does, and once more after: the move of the time is what lets processes without etcd grant (time-authority.ts), and a row
 * that a restored database never saw witnessed would begin below what etcd knows. A process that still asks etcd in between makes a
 * row witnessed again, which those without it are refused until the second time. Interrupted anywhere it is run again.
 *
 * @throws the errors of SwitchCoordination.run, which changes nothing where it refuses, and of both parts
 */
export async function switchAll(
  { time, leaveWitness, joinWitness }: SwitchParts,
  actor: Actor,
  request: SwitchRequest,
): Promise<WholeSwitchReport> {
  const { dc, to } = request
  // What is refused is refused before a row is touched.
  const planned = await time.run(actor, { ...request, dryRun: true })
  if (request.dryRun === true) return { ...planned, tagsUnwitnessed: 0 }
  let tagsUnwitnessed = 0
  if (to === 'postgres' && planned.outcome === 'planned') tagsUnwitnessed += await leaveWitness(actor, dc)
  const report = await time.run(actor, request)
  // Also where time is granted by PostgreSQL already: this part may have been what was interrupted.
  if (to === 'postgres') tagsUnwitnessed += await leaveWitness(actor, dc)
  else await joinWitness()
  return { ...report, tagsUnwitnessed }
}
