import { LOG_LEVELS, type LogEvent, type LogLevel } from '../service/ports/log-events.ts'

/** What each line of the log means and what a person does about it: docs/logs.md. The compiler asks for one per event. */
export const LOG_ADVICE: Readonly<Record<LogEvent, Advice>> = {
  'service.listening': fine('All listeners are open, at these ports.'),
  'service.stopping': fine('The process was told to stop and drains.'),
  'service.stopping-for-safety': act(
    'The process ends by itself, because going on could hand out an ID twice.',
    'Read `err`: it names the store and what it said. Start it again when that is mended; the other processes go on.',
  ),
  'service.stopped': fine('Everything is given back and closed.'),
  'service.stopped-unanswered': act(
    'The database did not answer while stopping: numbers that were not used are burnt, worker ids wait for the end of their lease.',
    'Nothing for the promise. Look why the database was away.',
  ),

  'config.changed': fine('`live` counts from now on; `needsRestart` after a restart.'),
  'config.refused': act(
    'A changed configuration has faults; the one before stays.',
    'Correct every fault listed.',
  ),
  'config.uncompared': act(
    'What this process was started with could not be compared with what its data centre was last started with: a change may be missing from the audit log.',
    'Read `why`; the next start compares again.',
  ),
  'config.unknown-settings': act(
    'etcd has settings that this version does not know.',
    'Correct their names, or nothing while versions are mixed.',
  ),
  'config.settings-refused': act(
    'Settings in etcd have faults: the process began with file and environment.',
    'Correct them in etcd; they are taken in at once.',
  ),
  'config.settings-unread': act(
    'etcd did not answer at start: the process began with file and environment.',
    'Bring etcd back; its settings are taken in then.',
  ),
  'certificate.used': fine('TLS begins with this certificate.'),
  'certificate.used-expired': act(
    'The certificate has ended.',
    'Put a new one in its files; no restart is needed.',
  ),
  'certificate.changed': fine('New files were read; connections that are open stay.'),
  'certificate.changed-expired': act(
    'The new certificate has ended already.',
    'Put another one in its files.',
  ),
  'certificate.refused': act(
    'The files do not hold a certificate and its key; the last good pair stays.',
    'Correct what `fault` names before the good one ends (`validTo` of the line before).',
  ),

  'http.failed': act(
    'A request failed by a fault of ours (error), or by one of the set-up that trying again does not mend (warn).',
    'Read `err`, and `code` in [errors.md](errors.md). `IDGEN_INTERNAL` is a bug: report it with `traceId`.',
  ),
  'http.refused': fine('A request was refused; the caller knows why.'),
  'ui.failed': act('A page of the admin UI failed by a fault of ours.', 'A bug: report it with the line.'),
  'management.changed': fine(
    'Somebody changed the catalogue or a key, over HTTP, gRPC or the admin UI; `actor` `etcd`: another data centre did. The audit log has what it was before.',
  ),
  'grpc.failed': act('As `http.failed`, of a gRPC call.', 'As for `http.failed`.'),
  'grpc.refused': fine('A gRPC call was refused; the caller knows why.'),
  'grpc.call-fault': act('A bug ended a call.', 'Report it with the line.'),
  'grpc.connection-fault': act('A bug ended a connection; others go on.', 'Report it with the line.'),
  'resp.connection-fault': act(
    'A bug ended a connection of a Redis client; others go on.',
    'Report it with the line.',
  ),

  'thread.ended': act(
    'A thread that answers callers died. Its connections are lost, its numbers burnt, a new one comes.',
    'Once: nothing. Again and again: read `err`; out of memory wants more of it, or fewer `server.threads`.',
  ),
  'thread.deaf': act(
    'A new thread cannot open its listeners; it is tried again.',
    'Read `err`: mostly a port in use.',
  ),
  'thread.hangs': act(
    'A thread did not answer for seconds and is replaced.',
    'Look at the CPU of the machine; if that has room, report it.',
  ),
  'thread.undrained': act(
    'A thread could not end its connections in order; they are cut.',
    'Nothing, but report it if it repeats.',
  ),
  'thread.unstopped': act(
    'A thread did not say that it issues nothing any more, and was ended; its numbers are burnt.',
    'Nothing for the promise. Look at the CPU of the machine.',
  ),
  'thread.nonsense': act('A bug: a thread and the main thread do not understand each other.', 'Report it.'),
  'thread.no-share': act('A bug kept a thread from getting numbers.', 'Report it with `err`.'),
  'thread.key-unread': act(
    'A bug kept a thread from learning of a key; the caller was refused.',
    'Report it with `err`.',
  ),

  'tag.degraded': act(
    'The tag is served by the next algorithm of its chain.',
    'Read `reason`. Callers see `degraded: true`; the tag comes back by itself.',
  ),
  'tag.recovered': fine('The tag is served by an earlier algorithm of its chain again.'),
  'tag.imported': fine('A tag of etcd was made or changed here.'),
  'tag.deleted-elsewhere': fine('Another data centre deleted the tag; so did this one.'),
  'tag.buried': fine('A deletion that a process began and did not end was ended.'),
  'tag.sync-failed': act(
    'A tag could not be brought in line with etcd; it is tried again.',
    'Read `err`. If it stays, the tag differs between data centres until it is mended.',
  ),
  'tag.unsynchronised': act(
    'A change waits for etcd or for another process.',
    'Nothing, if it ends within a minute.',
  ),
  'tag.uncompared': act(
    'Tags and etcd could not be compared; it is tried again.',
    'Look at etcd and the database.',
  ),
  'tag.key-refused': act(
    'Somebody wrote a key of a tag in etcd that is not allowed; it was put back.',
    'Read `faults` and `given`; change tags over the API.',
  ),
  'tag.key-ignored': act(
    'A key of a tag in etcd cannot be used, and belongs to another owner.',
    'Read `faults`; correct or remove it.',
  ),

  'segment.failed': act(
    'The database did not grant numbers; open grants go on, then the tag degrades.',
    'Read `err` and `code`; look at the database.',
  ),
  'segment.not-returned': act('Numbers left over at a stop are burnt.', 'Nothing: a gap is free.'),
  'range.opened': fine('Number ranges were opened ahead of need.'),
  'range.capacity-unchecked': act('How full tags are could not be read.', 'Look at the database.'),
  'range.nearly-used': act(
    'A tag has used most of the numbers of this data centre.',
    'Make a new tag and move its callers before the end: nothing can be added to this one.',
  ),
  'range.has-room': fine('The alert before is over.'),
  'range.claims-unchecked': act(
    'The ranges of tags could not be compared with etcd.',
    'Look at etcd; it is tried again within a minute, and what was granted stays right.',
  ),
  'range.conflict': act(
    'Two installations say different things of one tag; it is not served here.',
    'See [IdgenRangeConflict](runbooks/IdgenRangeConflict.md).',
  ),
  'range.conflict-ended': fine('The tag is served again.'),
  'witness.regressed': act(
    'The database lost commits (a failover, a restored backup); numbers that may have been granted are skipped.',
    'See [IdgenSegmentStoreRegressed](runbooks/IdgenSegmentStoreRegressed.md).',
  ),
  'witness.new-history': act(
    'The database started anew or failed over; numbers that may have been granted are skipped.',
    'Nothing, if that was planned.',
  ),
  'witness.blind': act(
    'Numbers are granted without the second store: a failover of the database now could repeat them.',
    'Bring etcd back. See [IdgenWitnessBlind](runbooks/IdgenWitnessBlind.md).',
  ),

  'dc.claimed': fine('This installation runs the data centre.'),
  'dc.claimed-once': act(
    'etcd did not answer: only the database knows who runs the data centre.',
    'Bring etcd back.',
  ),
  'dc.unchecked': act(
    'Who runs the data centre could not be asked; it is tried again.',
    'Look at the store that `err` names.',
  ),
  'dc.unknown-to-etcd': act(
    'The database has run this data centre and etcd never heard of it.',
    'Compare `etcd.endpoints` and `etcd.prefix` with the other processes: two etcds do not guard each other.',
  ),
  'dc.lost': act(
    'Another installation says that it runs this data centre; here nothing is granted any more.',
    'See [IdgenDataCentreClaimLost](runbooks/IdgenDataCentreClaimLost.md).',
  ),
  'dc.regained': fine('The claim is ours again and numbers are granted.'),

  'worker.acquired': fine('This process stamps snowflake IDs as this worker.'),
  'worker.lost': act(
    'Another process has the worker id, or the hold ended; stamping stopped and another id is sought.',
    'Once: nothing. Often: the process or its machine is paused for longer than a lease, or etcd is slow.',
  ),
  'worker.not-released': act(
    'The worker id stays held until its lease ends.',
    'Nothing, while others are free (docs/metrics.md).',
  ),
  'worker.none': act(
    'There is no worker id, so no snowflake ID.',
    'Read `reason`: all ids held (fewer processes), the clock (NTP), or a store that is away.',
  ),
  'time.ungranted': act(
    'A time grant was not renewed; the open one is used to its end.',
    'Read `err`; look at etcd and the clock.',
  ),
  'time.refused': act(
    'A store refused to go on with a hold, mostly because another process holds the worker id by now.',
    'As for `worker.lost`.',
  ),
  'time.copy-behind': act(
    'The database did not take the copy of a time grant.',
    'Bring the database back: until then a restored etcd could repeat a window.',
  ),
  'time.copy-caught-up': fine('The copy in the database is current again.'),

  'node.listed': fine('The process stands in the list of nodes again.'),
  'node.unlisted': act('The process is not in the list of nodes; it serves all the same.', 'Look at etcd.'),
  'node.not-removed': act('A stopped process stays in the list for some seconds.', 'Nothing.'),
  'node.nonsense': act('A key below `/nodes/` in etcd is not of idgen.', 'Remove it.'),

  'database.migrated': fine('The schema was brought to this version.'),
  'database.silent': act(
    'The database does not answer; IDs go on from open grants.',
    'Run `idgen doctor`. See [IdgenDatabaseUnreachable](runbooks/IdgenDatabaseUnreachable.md).',
  ),
  'database.answers': fine('The database is back.'),
  'database.deaf': act(
    'Nothing told by the database arrives: a revoked key is found by the poll, in about a second instead of at once.',
    'Behind a pooler in transaction mode set `database.listenUrl` to the server itself; see [keys.md](keys.md).',
  ),
  'database.hears': fine('Changes of API keys are told at once again.'),
  'database.connection-lost': act(
    'A connection at rest was ended by the database or the network.',
    'Nothing, but look if there are many.',
  ),
  'database.partitions': fine('Monthly partitions were made ahead and old ones removed.'),
  'database.partitions-failed': act(
    'Partitions could not be made, and rows go to the default partition; or old ones could not be dropped, and stay for now.',
    'Read `err`: mostly a right that is missing.',
  ),
  'database.stray-rows': act(
    'Rows lie in a default partition and keep new ones from being made.',
    'Move them out, then they are kept up again.',
  ),
  'database.embedded': fine('The embedded database runs at this port; `adopted`: it ran already.'),
  'database.embedded-left': act(
    'The embedded database goes on running.',
    'Nothing: the next start takes it over.',
  ),
  'etcd.unfollowed': act('Changes in etcd are not seen for a while.', 'Look at etcd if it repeats.'),
  'etcd.follower-fault': act('A bug while a change was taken in.', 'Report it with `err`.'),
  'etcd.restored': act(
    'etcd was set back (a restored backup): no blocks are taken from Redis for `ttlMs`.',
    'Nothing: numbers come from the database meanwhile.',
  ),
  'redis.silent': act('Redis does not answer; callers notice nothing.', 'Look at Redis.'),
  'redis.refused': act(
    'Redis answers, and refuses.',
    'Read `why`: mostly memory, a role (a replica) or a right.',
  ),
  'redis.answers': fine('Redis is used again.'),
  'redis.rates-alone': act(
    'Redis did not take what was used of the rate limits: until it does, each process lets through what one may (docs/rate-limits.md).',
    'Look at Redis.',
  ),
  'redis.rates-shared': fine('Rate limits hold over all processes again.'),
  'redis.forged-key': act(
    'An API key in Redis was not written by idgen; it was not believed. Told once, counted in the metric.',
    'Find out who can write to Redis.',
  ),
  'redis.key-unread': fine('A key was looked up in the database instead.'),
  'redis.key-unwritten': fine('The next process looks this key up in the database.'),
  'redis.key-kept': fine('Its entry is not believed any more, and expires.'),
  'redis.block-dropped': fine('A block out of Redis was not used, because something is not certain.'),
  'redis.blocks-burnt': fine('Numbers that were meant for Redis are not used.'),
  'redis.block-untaken': fine('Numbers come from the database instead.'),
  'redis.blocks-not-put': fine('Other processes take theirs from the database.'),
  'redis.blocks-uncounted': fine('Blocks are not filled up now.'),
  'redis.not-prewarmed': fine('The first numbers come from the database.'),

  'audit.head': fine('Where the chain of audit records stands: `idgen audit verify` can be given it.'),
  'audit.closed': fine('The last record of the chain of this process.'),
  'audit.file-failed': act(
    'Records could not be appended to `audit.file`; they are in the database alone, and counted.',
    'Read `err`: mostly a full disk, a missing folder or right, or storage that hangs. See [IdgenAuditRecordsDropped](runbooks/IdgenAuditRecordsDropped.md).',
  ),
  'audit.file-works': fine('`audit.file` is written again; `missed` records are not in it.'),
  'audit.not-exported': act(
    'The receiver of `audit.otlp.endpoint` refused records, too many waited for it, or it was away at the stop; they are in the database alone, and counted. One line until all that waits was taken.',
    'Read `why`. See [IdgenAuditRecordsDropped](runbooks/IdgenAuditRecordsDropped.md).',
  ),
  'audit.export-later': act(
    'The receiver of `audit.otlp.endpoint` does not answer, or asks for a pause; records wait, and are sent again.',
    'Read `why`; look at the receiver.',
  ),
  'audit.export-works': fine('The receiver takes audit records again; `missed` of them it never got.'),
  'audit.queue-full': act(
    'Records come faster than they are written; the next ones are dropped and counted.',
    'See [IdgenAuditRecordsDropped](runbooks/IdgenAuditRecordsDropped.md).',
  ),
  'audit.unwritten': act('Records wait in memory; it is tried again.', 'Look at the database.'),
  'audit.lost': act(
    'The process stopped while the database was away; so many records are not in the audit log.',
    'The lines of this log around it are what is left.',
  ),
  'audit.key-uses-unwritten': fine('When keys were last used is written a little later.'),
  'tracing.not-exported': act(
    'The collector does not answer; spans wait, then the oldest are dropped.',
    'Look at `tracing.endpoint` or the collector.',
  ),
  'tracing.refused': act('The collector refused spans; they are gone.', 'Read `why`.'),
  'tracing.exported': fine('The collector takes spans again.'),
}

/** A row of docs/logs.md. */
export interface LoggedEvent {
  readonly text: string
  readonly event: string
  /** The worst first. */
  readonly levels: readonly LogLevel[]
  readonly fields: readonly string[]
  readonly advice: Advice
}

export interface Advice {
  readonly means: string
  /** undefined: nothing is to be done. */
  readonly act?: string
}

export function fine(means: string): Advice {
  return { means }
}

export function act(means: string, whatToDo: string): Advice {
  return { means, act: whatToDo }
}

export function worstFirst(levels: readonly LogLevel[]): LogLevel[] {
  return LOG_LEVELS.toReversed().filter((level) => levels.includes(level))
}
