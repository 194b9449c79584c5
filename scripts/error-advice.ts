import type { ErrorCode } from '../service/core/errors.ts'

/** What a person does about each error: the last column of docs/errors.md. The compiler asks for one per code. */
export const ERROR_ADVICE: Readonly<Record<ErrorCode, string>> = {
  IDGEN_REQUEST_INVALID:
    'Correct what `faults` names; /docs shows the request. Sending it again does not help.',
  IDGEN_NAME_INVALID: 'Use 1–63 of a–z, 0–9, `-`, `_`, `.`; put anything else into displayName.',
  IDGEN_COUNT_OUT_OF_RANGE:
    'Ask for fewer IDs, or for runs (`as: "runs"`), which have a higher limit. Of a tag that writes dates no more than its date has left can be had at once. The operator may raise `server.generate.maxText` and `server.generate.maxRuns`.',
  IDGEN_ID_MALFORMED: 'Send an ID as idgen printed it: a decimal number, or a UUID in its 36-character form.',
  IDGEN_NUMBER_UNSAFE:
    'Leave out `as: "number"`: the IDs are above 2^53 and a JavaScript number would change them.',
  IDGEN_CURSOR_INVALID: 'Begin again at the first page, and pass cursors on unchanged.',
  IDGEN_UNAUTHENTICATED:
    'Send a key as `Authorization: Bearer …`; check that it is neither revoked nor expired (`idgen key`).',
  IDGEN_FORBIDDEN:
    'Use a key with the scope and the workspace or group that the message names, or have one made.',
  IDGEN_ROUTE_NOT_FOUND:
    'Check path and version of the call against /docs, or of the gRPC method by reflection.',
  IDGEN_WORKSPACE_NOT_FOUND: 'Check the spelling, or create the workspace.',
  IDGEN_GROUP_NOT_FOUND: 'Check the spelling, or create the group.',
  IDGEN_TAG_NOT_FOUND:
    'Check the spelling, or create the tag. One created through another process is seen within `catalog.pollEvery`.',
  IDGEN_KEY_NOT_FOUND: 'List the keys; it may have been revoked already.',
  IDGEN_METHOD_NOT_ALLOWED: 'Use a method that the `Allow` header names.',
  IDGEN_ALREADY_EXISTS: 'Read the existing one and use it, or choose another name.',
  IDGEN_NOT_EMPTY:
    'Delete what it holds first: the tags of a group, the groups of a workspace. Of `idgen coordination switch`: stop the processes that the message names, or use `--force`.',
  IDGEN_IMMUTABLE:
    'Create a new one with the wanted value; this one keeps its own for ever, or IDs could repeat.',
  IDGEN_KEY_REVOKED: 'Choose another id for the new key: a revoked one never becomes valid again.',
  IDGEN_KEY_ROTATING:
    'Wait until the older one is over, or say which of the two ends: `newest` if its text was lost (the one in use stays), `oldest` if everybody has changed over (`ends`, `--end`).',
  IDGEN_TAG_CLAIMED:
    'Give the object another tag, or delete the one that the message names. If it is gone for good with its cluster: `idgen tag release`.',
  IDGEN_TAG_DECLARED:
    'Change or delete the BizTag that the message names. If it is gone for good with its cluster: `idgen tag release`.',
  IDGEN_DECLARATION_STALE:
    'Nothing, if a newer one was taken: the operator reads the object again. If its cluster was restored from a backup: `idgen tag release`.',
  IDGEN_VERSION_MISMATCH: 'Read it again, apply the change to what is there now, and send the new ETag.',
  IDGEN_BODY_TOO_LARGE: 'Send less at once; the operator may raise `server.bodyLimit`.',
  IDGEN_MEDIA_TYPE_UNSUPPORTED: 'Send JSON with `Content-Type: application/json`.',
  IDGEN_RATE_LIMITED:
    'Send it again after Retry-After, and ask for more IDs at once and less often. Operator: `limits.perAddress`, `limits.perKey`, `limits.perTag`, `limits.wrongKeys`; behind a load balancer `server.trustedProxies`, or all its clients count as one.',
  IDGEN_INTERNAL: 'Report it with the `traceId`: the line of the log with that id has the cause.',
  IDGEN_STORE_UNAVAILABLE:
    'Send it again after Retry-After. Operator: `idgen doctor` says why the database is away.',
  IDGEN_COORDINATION_UNAVAILABLE:
    'Send it again after Retry-After. Operator: `idgen doctor` says why etcd is away; IDs are issued from open grants meanwhile.',
  IDGEN_CACHE_UNAVAILABLE: 'Nothing: Redis is a cache, and callers never see this. Operator: look at Redis.',
  IDGEN_WITNESS_UNAVAILABLE:
    'Send it again after Retry-After. Operator: bring etcd back; without it the database may only grant up to the ceiling it was promised.',
  IDGEN_SEGMENT_UNAVAILABLE: 'Send it again after Retry-After. Operator: look at the database and its pool.',
  IDGEN_WORKER_UNAVAILABLE:
    'Send it again after Retry-After. Operator: all worker ids are held or their time lies ahead; the log says until when.',
  IDGEN_CLOCK_UNUSABLE: 'Send it to another instance. Operator: correct the clock of the machine (NTP).',
  IDGEN_ALGORITHMS_EXHAUSTED:
    'Send it again after Retry-After. Operator: the message names each algorithm of the chain with its reason.',
  IDGEN_SHUTTING_DOWN: 'Send it again: another instance, or this one after its restart, answers.',
  IDGEN_OVERLOADED: 'Send it again with back-off and jitter, or ask for more IDs at once and less often.',
  IDGEN_DEADLINE_EXCEEDED:
    'Send it again. If it stays: the database grants too slowly for the load (larger steps help).',
  IDGEN_RANGE_EXHAUSTED:
    'Create a new tag: every number of this one below 2^53 has been granted in this data centre. Of a tag whose count begins anew with each date: wait until the message says, or create one with a larger width.',
  IDGEN_LAYOUT_EXHAUSTED:
    'Move to a new tag with a later epoch in a new installation; stamps are refused, never wrapped.',
  IDGEN_LAYOUT_MISMATCH:
    'Set `snowflake.epoch` to what the message names: all processes of a data centre share one.',
  IDGEN_DC_CLAIMED:
    'Give this installation a `datacenter.id` of its own; after a move of the data centre run `idgen dc claim --dc … --force` (docs/data-centres.md).',
  IDGEN_SPACE_MISMATCH:
    'Two databases have a tag of this name with different number spaces: delete the newer one and make it again with the claimed space.',
  IDGEN_COORDINATION_MISMATCH:
    'Configure the store that the message names, or move time grants and segments with `idgen coordination switch`.',
  IDGEN_CONFIG_INVALID:
    'Correct every fault listed; docs/configuration.md has all keys with what they allow.',
  IDGEN_DATA_FOLDER_IN_USE: 'Stop the other process, or give this one its own `data.dir`.',
  IDGEN_EMBEDDED_UNAVAILABLE:
    'Follow the message, or set `database.url`. Production images carry no embedded database: there a URL is needed.',
  IDGEN_PORT_IN_USE:
    'Stop what uses the port, or set the key that the message names to another one (0: any free).',
  IDGEN_SCHEMA_MISMATCH:
    'Run `idgen migrate`, or set `database.migrate` to true; if the schema is newer, update idgen.',
}
