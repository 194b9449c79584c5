// Made by `make generate` from crds/idgen.io_biztags.yaml. Do not edit.

export interface BizTagSpecGeneratorRef {
  /** Its name. */
  readonly name: string
  /** Its namespace, if another; its allowedNamespaces must permit this one. */
  readonly namespace?: string
}

export interface BizTagSpecStep {
  /** At rest. */
  readonly base?: number
  /** At least. */
  readonly min?: number
  /** At most. */
  readonly max?: number
}

export interface BizTagSpecSpaceFormatSnowflake {
  /** Unix milliseconds of the first unit, past when the tag is made; 2024-01-01 where left out. */
  readonly epochMs?: number
  /** Length of a unit of time in milliseconds, 1 where left out. */
  readonly unitMs?: number
  /** For units since the epoch. */
  readonly timeBits: number
  /** For the data centre, 3 where left out. */
  readonly dcBits?: number
  /** For the worker id, 8 where left out. */
  readonly workerBits?: number
  /** For the IDs of one worker id in one unit. */
  readonly sequenceBits: number
}

export interface BizTagSpecSpaceFormat {
  /** Before all else. */
  readonly prefix?: string
  /** After all else. */
  readonly suffix?: string
  /** 10 where left out, 36 (0-9 A-Z) or 62 (0-9 A-Z a-z). */
  readonly radix?: '10' | '36' | '62'
  /** At least so many digits, with zeros before them; with reset exactly so many. */
  readonly width?: number
  /** A check character after the digits. */
  readonly check?: 'luhn' | 'iso7064'
  /** Numbers of one length are permuted among themselves, so that they do not show how many there were. Who may read this object may undo it. */
  readonly shuffleKey?: string
  /** The digits begin anew with every day, month or year, whose date stands before them. */
  readonly reset?: 'day' | 'month' | 'year'
  /** Where the day begins, in minutes east of Greenwich. */
  readonly utcOffsetMinutes?: number
  /** Between date and digits. */
  readonly separator?: string
  /** How snowflakes of the tag are put together, where not as those of all tags (docs/formats.md). The chain then begins with snowflake. */
  readonly snowflake?: BizTagSpecSpaceFormatSnowflake
}

export interface BizTagSpecSpace {
  /** The first number. */
  readonly startAt?: number
  /** Numbers that go to one data centre in a row. */
  readonly cellSize?: number
  /** Data centres among which it is divided; 1 gives contiguous numbers. */
  readonly dcCount?: number
  /** How the numbers are written (docs/formats.md). IDs of the tag are then text, unless snowflake alone is given. Left out, in decimal. */
  readonly format?: BizTagSpecSpaceFormat
}

export interface BizTagSpecCredentialsSecret {
  /** Its name. */
  readonly name: string
}

export interface BizTagSpec {
  /** The IdGenerator that serves the tag. */
  readonly generatorRef: BizTagSpecGeneratorRef
  /** First part of the path, for example a division of the company. */
  readonly workspace: string
  /** Second part, for example the application. */
  readonly group: string
  /** Third part, for example order. */
  readonly tag: string
  /** For people, in any language. */
  readonly displayName?: string
  /** The first choice; the degradation chain follows from it. Without it the IdGenerator's default. */
  readonly algorithm?: 'segment' | 'snowflake' | 'uuid-v7' | 'uuid-v4'
  /** Degradation chain, in the order segment, snowflake, uuid-v7, uuid-v4. A tag whose IDs must stay numbers ends before the UUIDs. */
  readonly chain?: readonly ('segment' | 'snowflake' | 'uuid-v7' | 'uuid-v4')[]
  /** How many numbers one allocation takes from the database. */
  readonly step?: BizTagSpecStep
  /** The number space, fixed when the tag is made. */
  readonly space?: BizTagSpecSpace
  /** Retain leaves the tag and its numbers in the service when this object goes, and never waits for the service. Purge deletes the tag. Made again, it goes on above its old numbers in both cases. */
  readonly deletionPolicy: 'Retain' | 'Purge'
  /** Secret of this namespace that the operator fills with endpoint, CA and a key for this tag alone. */
  readonly credentialsSecret?: BizTagSpecCredentialsSecret
}

export interface BizTagStatusCondition {
  /** What it is about. */
  readonly type: string
  /** Whether it holds. */
  readonly status: 'True' | 'False' | 'Unknown'
  /** Of the spec that was looked at. */
  readonly observedGeneration?: number
  /** When the status changed last. */
  readonly lastTransitionTime: string
  /** Why, in one word. */
  readonly reason: string
  /** What happened and what to do. */
  readonly message: string
}

export interface BizTagStatusDatacenter {
  /** Number of the data centre. */
  readonly id: number
  /** First number of its current range. */
  readonly rangeStart?: string
  /** The number after its current range. */
  readonly rangeEnd?: string
  /** Everything below it was granted, when last looked at. */
  readonly highWater?: string
  /** Share of its numbers that was granted. */
  readonly usedPercent?: string
}

export interface BizTagStatusCredentials {
  /** Name of the Secret. */
  readonly secretName?: string
  /** Id of the key. */
  readonly keyId?: string
}

export interface BizTagStatus {
  /** Of the spec that the status is about. */
  readonly observedGeneration?: number
  /** Ready, Accepted, SegmentsInitialized, CapacityAvailable, CredentialsReady, Reconciling, Stalled. */
  readonly conditions?: readonly BizTagStatusCondition[]
  /** workspace/group/tag */
  readonly path?: string
  /** What the tag begins with. */
  readonly algorithm?: string
  /** The tag's id in the service; a tag made again has another. */
  readonly tagId?: string
  /** The snowflake layout that the tag has in truth, where spec was refused because it has another number space. This object then never makes the tag, also if it is lost. */
  readonly madeLayout?: string
  /** Of the fullest data centre's number space. */
  readonly usedPercent?: string
  /** Where each data centre stands. highWater is a third record of what was granted, beside PostgreSQL and etcd. */
  readonly datacenters?: readonly BizTagStatusDatacenter[]
  /** What is in credentialsSecret. */
  readonly credentials?: BizTagStatusCredentials
}
