/**
 * Every key in etcd, below `etcd.prefix` (the adapter puts it in front).
 *
 *     /authority/{dc}                 which store grants the time of a data centre, and with which layout
 *     /dcs/{dc}                       which installation runs the data centre
 *     /workers/{dc}/{worker}          who holds a worker id (bound to a lease)
 *     /worker-time/{dc}/{worker}      first millisecond nobody may use yet (permanent)
 *     /witness/{generation}/{dc}      how far numbers were granted: used, ceiling, history (permanent)
 *     /ranges/{w}/{g}/{t}             the number space of a tag, equal in every database that has it
 *     /tombstones/{w}/{g}/{t}         high water of a deleted tag
 *     /config/{w}/{g}/{t}             settings of a tag, published and watched
 *     /publishers/{w}/{g}/{t}         which database wrote the settings last: same revision, nobody edited them since
 *     /settings/{key}                 process configuration, e.g. /settings/log.level
 *     /nodes/{dc}/{node}              running processes (bound to a lease)
 *     /blocks/{generation}/{dc}/{lo}  a block put aside in Redis; whoever deletes it owns it (bound to a lease)
 *     /block-floors/{generation}/{dc}  no block that begins below it is used: `idgen tag advance` (permanent)
 *     /locks/{name}                   who does what only one should do (bound to a lease; liveness only)
 */
export const AUTHORITIES = '/authority/'
export const DC_CLAIMS = '/dcs/'
export const RANGES = '/ranges/'
export const TOMBSTONES = '/tombstones/'
export const CONFIGS = '/config/'
export const SETTINGS = '/settings/'
export const NODES = '/nodes/'

export function authorityKey(dc: number): string {
  return `${AUTHORITIES}${dc}`
}

export function dcClaimKey(dc: number): string {
  return `${DC_CLAIMS}${dc}`
}

/** Prefix of the worker ids of a data centre, held ones only. */
export function workersOf(dc: number): string {
  return `/workers/${dc}/`
}

export function workerKey(dc: number, worker: number): string {
  return `${workersOf(dc)}${worker}`
}

/** Prefix of the times of a data centre's worker ids. */
export function workerTimesOf(dc: number): string {
  return `/worker-time/${dc}/`
}

export function workerTimeKey(dc: number, worker: number): string {
  return `${workerTimesOf(dc)}${worker}`
}

export function witnessKey(generation: string, dc: number): string {
  return `/witness/${generation}/${dc}`
}

/** Names hold no slash (core/tag.ts), so a path is unambiguous. */
export function rangeKey(tagPath: string): string {
  return `${RANGES}${tagPath}`
}

export function tombstoneKey(tagPath: string): string {
  return `${TOMBSTONES}${tagPath}`
}

export function configKey(tagPath: string): string {
  return `${CONFIGS}${tagPath}`
}

/** Written in one transaction with `configKey`, so that an edit by hand shows by its newer revision. */
export function publisherKey(tagPath: string): string {
  return `/publishers/${tagPath}`
}

export function settingKey(path: string): string {
  return `${SETTINGS}${path}`
}

/** Prefix of the running processes of a data centre. */
export function nodesOf(dc: number): string {
  return `${NODES}${dc}/`
}

/** `node` may hold any character; it is encoded so that it stays one part of the key. */
export function nodeKey(dc: number, node: string): string {
  return `${nodesOf(dc)}${encodeURIComponent(node)}`
}

/** Prefix of the blocks of one tag in one data centre. */
export function blocksOf(generation: string, dc: number): string {
  return `/blocks/${generation}/${dc}/`
}

export function blockKey(generation: string, dc: number, lo: number): string {
  return `${blocksOf(generation, dc)}${lo}`
}

/** Not below `blocksOf`: it goes with no lease, and it is no block. */
export function blockFloorKey(generation: string, dc: number): string {
  return `/block-floors/${generation}/${dc}`
}

export function lockKey(name: string): string {
  return `/locks/${name}`
}
