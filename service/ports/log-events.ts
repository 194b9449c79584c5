/** What is said of a certificate that is in use. */
const CERTIFICATE = ['cert', 'key', 'subject', 'names', 'validTo', 'sha256', 'note?'] as const

/**
 * Every line that the service writes to its log: the text stands where it is written, and here has a name that stays
 * when the text is worded better, its levels and its fields (`?`: not always there). A text that is not here does not
 * compile; docs/logs.md is made from this and scripts/log-advice.ts.
 */
export const LOG_EVENTS = {
  listening: event(
    'service.listening',
    'info',
    'httpPort',
    'httpsPort',
    'grpcPort',
    'respPort',
    'metricsPort',
  ),
  stopping: event('service.stopping', 'info', 'signal'),
  'stopping: the promise can no longer be kept': event('service.stopping-for-safety', 'error', 'err'),
  stopped: event('service.stopped', 'info'),
  'stopped without an answer of the database': event('service.stopped-unanswered', 'warn', 'afterMs'),

  'configuration changed': event('config.changed', 'info', 'live', 'needsRestart'),
  'settings could not be compared with those of the last start': event('config.uncompared', 'warn', 'why'),
  'configuration refused, the last good one stays': event('config.refused', 'error', 'err', 'faults'),
  'settings in etcd that this version does not know': event('config.unknown-settings', 'warn', 'unknown'),
  'settings in etcd refused, going on with file and environment': event(
    'config.settings-refused',
    'error',
    'err',
    'faults',
  ),
  'settings in etcd could not be read, going on with file and environment': event(
    'config.settings-unread',
    'warn',
    'err',
    'faults',
  ),
  'certificate in use': event('certificate.used', 'info', ...CERTIFICATE),
  'certificate in use, but it has expired: clients will refuse it': event(
    'certificate.used-expired',
    'error',
    ...CERTIFICATE,
  ),
  'new certificate in use': event('certificate.changed', 'info', ...CERTIFICATE),
  'new certificate in use, but it has expired: clients will refuse it': event(
    'certificate.changed-expired',
    'error',
    ...CERTIFICATE,
  ),
  'new certificate refused, the last good one stays': event(
    'certificate.refused',
    'error',
    'cert',
    'key',
    'fault',
  ),

  'request failed': event(
    'http.failed',
    ['error', 'warn'],
    'traceId',
    'code',
    'method',
    'url',
    'keyId?',
    'err',
  ),
  'request refused': event('http.refused', 'debug', 'traceId', 'code', 'method', 'url', 'keyId?', 'detail'),
  'page failed': event('ui.failed', 'error', 'url', 'err'),
  changed: event('management.changed', 'info', 'actor', 'traceId?', 'action', 'subject'),
  'call failed': event('grpc.failed', ['error', 'warn'], 'traceId', 'code', 'method', 'err'),
  'call refused': event('grpc.refused', 'debug', 'traceId', 'code', 'method', 'detail'),
  'a gRPC call ended by a fault of ours': event('grpc.call-fault', 'error', 'err'),
  'a gRPC connection ended by a fault of ours': event('grpc.connection-fault', 'error', 'err'),
  'a connection of a Redis client ended by a fault of ours': event('resp.connection-fault', 'error', 'err'),

  'a protocol thread ended; what it held is burnt, its connections are lost, and a new one takes its place':
    event('thread.ended', 'error', 'err', 'thread', 'againInMs'),
  'a protocol thread cannot listen': event('thread.deaf', 'warn', 'err', 'thread'),
  'a protocol thread hangs and is terminated': event('thread.hangs', 'error', 'thread', 'fault'),
  'a protocol thread did not drain': event('thread.undrained', 'warn', 'err'),
  'a thread did not stop issuing and is terminated': event('thread.unstopped', 'warn', 'afterMs'),
  'a thread sent something that is no message': event('thread.nonsense', 'error'),
  'no share for a thread': event('thread.no-share', 'error', 'err', 'path'),
  'key not looked up': event('thread.key-unread', 'error', 'err'),

  'tag degraded': event('tag.degraded', 'warn', 'tag', 'from', 'to', 'reason'),
  'tag recovered': event('tag.recovered', 'info', 'tag', 'from', 'to', 'reason'),
  'tag taken from etcd': event('tag.imported', 'info', 'tag', 'revision', 'made'),
  'tag deleted by another data centre': event('tag.deleted-elsewhere', 'info', 'tag', 'highWater'),
  'deletion of a tag that had begun carried to its end': event('tag.buried', 'info', 'tag', 'highWater'),
  'tag could not be synchronised': event('tag.sync-failed', 'warn', 'path', 'err', 'again'),
  'tag is not synchronised yet': event('tag.unsynchronised', 'warn', 'path', 'err'),
  'tags could not be compared with etcd': event('tag.uncompared', 'warn', 'err'),
  'configuration key in etcd refused': event(
    'tag.key-refused',
    'error',
    'tag',
    'why',
    'faults',
    'given',
    'revision',
    'instead',
  ),
  'configuration key in etcd ignored': event('tag.key-ignored', 'warn', 'key', 'revision', 'why', 'faults'),

  'segment allocation failed': event('segment.failed', 'warn', 'err', 'tag', 'dc', 'step', 'code'),
  'unused numbers could not be returned': event('segment.not-returned', 'warn', 'err', 'tag', 'lo', 'hi'),
  'ranges opened': event('range.opened', 'info', 'dc', 'tags'),
  'capacity could not be checked': event('range.capacity-unchecked', 'warn', 'err', 'dc'),
  'number space nearly used up': event(
    'range.nearly-used',
    'error',
    'tagId',
    'dc',
    'usedShare',
    'alertShare',
  ),
  'number space has room again': event('range.has-room', 'info', 'tagId', 'dc', 'usedShare', 'alertShare'),
  'range claims could not be checked': event('range.claims-unchecked', 'warn', 'err'),
  'number range in conflict': event('range.conflict', 'error', 'tag', 'tagId', 'generation', 'space', 'why'),
  'number range no longer in conflict': event('range.conflict-ended', 'info', 'tag', 'tagId'),
  'the database is behind etcd: it lost commits, or was stopped in one; numbers are skipped': event(
    'witness.regressed',
    'error',
    'tagId',
    'dc',
    'before',
    'now',
    'skipped',
  ),
  'the database has another history; numbers it may have granted are skipped': event(
    'witness.new-history',
    'warn',
    'tagId',
    'dc',
    'before',
    'now',
    'skipped',
  ),
  'numbers are granted without etcd: witness.onUnavailable suspends the promise': event(
    'witness.blind',
    'error',
    'tagId',
    'dc',
    'before',
    'now',
    'skipped',
  ),

  'data centre claimed': event('dc.claimed', 'info', 'dc', 'place', 'before', 'after', 'claimedBy'),
  'data centre claimed in the database only': event('dc.claimed-once', 'warn', 'dc', 'why'),
  'the claim of the data centre could not be checked': event('dc.unchecked', 'warn', 'dc', 'err'),
  'the database knew this data centre and etcd did not: etcd is new here, lost its data, or is not the one (etcd.endpoints, etcd.prefix) that the other processes of this data centre use':
    event('dc.unknown-to-etcd', 'warn', 'dc', 'key'),
  'another installation claims this data centre; nothing is granted here any more': event(
    'dc.lost',
    'error',
    'dc',
    'place',
    'claimedBy',
    'ours',
    'theirs',
  ),
  'the data centre is ours again': event('dc.regained', 'info', 'dc', 'place', 'claimedBy', 'ours', 'theirs'),

  'worker id acquired': event('worker.acquired', 'info', 'dc', 'worker', 'holder'),
  'worker id lost': event('worker.lost', 'error', 'dc', 'worker'),
  'worker id could not be released': event('worker.not-released', 'warn', 'err', 'worker'),
  'no worker id: without one there are no snowflake IDs': event(
    'worker.none',
    'error',
    'kind',
    'dc',
    'worker',
    'reason',
  ),
  'no time grant': event('time.ungranted', 'warn', 'err', 'code', 'worker'),
  'time grant refused, the hold has ended': event('time.refused', 'warn', 'dc', 'worker', 'reason'),
  'time is granted without its copy in the database': event('time.copy-behind', 'warn', 'err', 'dc'),
  'the copy of the time grant caught up': event('time.copy-caught-up', 'info', 'dc', 'worker'),

  'node listed again': event('node.listed', 'info', 'node'),
  'node could not be listed': event('node.unlisted', 'warn', 'err', 'node'),
  'node stays listed until its lease runs out': event('node.not-removed', 'warn', 'err'),
  'a key in etcd does not describe a node': event('node.nonsense', 'warn', 'key'),

  'schema migrated': event('database.migrated', 'info', 'migrations'),
  'database does not answer': event('database.silent', 'error', 'why'),
  'database answers again': event('database.answers', 'info'),
  'changes of API keys are not told at once, only found by the poll': event('database.deaf', 'warn', 'why'),
  'changes of API keys are told at once again': event('database.hears', 'info'),
  'idle database connection lost': event('database.connection-lost', 'warn', 'err'),
  'partitions kept up': event('database.partitions', 'info', 'made', 'dropped'),
  'partitions could not be kept up': event('database.partitions-failed', 'warn', 'err'),
  'rows in a default partition': event('database.stray-rows', 'error', 'rows'),
  'embedded database is ready': event('database.embedded', 'info', 'folder', 'port', 'adopted'),
  'embedded database did not stop; the next start adopts it': event('database.embedded-left', 'error', 'pid'),
  'etcd cannot be followed now; trying again': event('etcd.unfollowed', 'warn', 'prefix', 'why'),
  'a follower of etcd failed': event('etcd.follower-fault', 'error', 'err', 'prefix'),
  'etcd was restored: no segment blocks are shared for a while': event(
    'etcd.restored',
    'warn',
    'before',
    'revision',
    'ttlMs',
  ),
  'redis does not answer: going on without it': event('redis.silent', 'warn', 'why'),
  'redis refuses a command: going on without it': event('redis.refused', 'warn', 'why'),
  'redis answers again': event('redis.answers', 'info'),
  'rate limits hold for this process alone': event('redis.rates-alone', 'warn', 'why'),
  'rate limits hold over all processes again': event('redis.rates-shared', 'info'),
  'API key in the cache that no process of this database wrote': event('redis.forged-key', 'warn', 'keyId'),
  'API key not read from the cache': event('redis.key-unread', 'debug', 'keyId', 'why'),
  'API key not written to the cache': event('redis.key-unwritten', 'debug', 'keyId', 'why'),
  'API key not removed from the cache': event('redis.key-kept', 'debug', 'keyId', 'why'),
  'segment block dropped': event('redis.block-dropped', 'debug', 'tagId', 'lo', 'hi', 'why'),
  'segment blocks burnt': event('redis.blocks-burnt', 'debug', 'tagId', 'lo', 'hi', 'why'),
  'no segment block could be taken from the cache': event('redis.block-untaken', 'debug', 'tagId', 'why'),
  'segment blocks could not be put aside': event('redis.blocks-not-put', 'debug', 'tagId', 'why'),
  'segment blocks could not be counted': event('redis.blocks-uncounted', 'debug', 'tagId', 'why'),
  'segment blocks were not put aside at start': event('redis.not-prewarmed', 'debug', 'tagId?', 'dc?', 'why'),

  'audit chain head': event('audit.head', 'info', 'chain', 'seq', 'hash'),
  'audit chain closed': event('audit.closed', 'info', 'chain', 'seq', 'hash'),
  'audit file cannot be written': event('audit.file-failed', 'error', 'err', 'missed'),
  'audit file takes records again': event('audit.file-works', 'info', 'missed'),
  'audit records were not exported': event('audit.not-exported', 'error', 'why', 'missed'),
  'audit records cannot be exported now': event('audit.export-later', 'warn', 'why', 'waiting'),
  'audit records are exported again': event('audit.export-works', 'info', 'missed'),
  'audit queue full': event('audit.queue-full', 'error', 'queueMax', 'queued', 'bytes'),
  'audit records could not be written': event('audit.unwritten', 'warn', 'err', 'queued'),
  'audit records lost at shutdown': event('audit.lost', 'error', 'lost'),
  'last uses of keys not written': event('audit.key-uses-unwritten', 'debug', 'keys', 'why'),
  'spans of traces cannot be exported now': event('tracing.not-exported', 'warn', 'why'),
  'spans of traces were refused': event('tracing.refused', 'warn', 'why', 'spans'),
  'spans of traces are exported again': event('tracing.exported', 'info'),
} as const

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]
type Events = typeof LOG_EVENTS
export type LogText = keyof Events
export type LogEvent = Events[LogText]['event']
/** The texts that may be written at `Level`. */
export type LogTextAt<Level extends LogLevel> = {
  [Text in LogText]: Level extends Events[Text]['levels'][number] ? Text : never
}[LogText]
/** What goes with a text. */
export type LogFields<Text extends LogText> = Named<Events[Text]['fields'][number]>

type Named<Field extends string> = {
  readonly [Name in Exclude<Field, `${string}?`>]: unknown
} & { readonly [Name in Field as Name extends `${infer Plain}?` ? Plain : never]?: unknown }

export function isLogText(text: unknown): text is LogText {
  return typeof text === 'string' && Object.hasOwn(LOG_EVENTS, text)
}

function event<
  const Name extends string,
  const Level extends LogLevel,
  const Fields extends readonly string[],
>(name: Name, levels: Level | readonly Level[], ...fields: Fields) {
  const list: readonly Level[] = typeof levels === 'string' ? [levels] : levels
  return { event: name, levels: list, fields } as const
}
