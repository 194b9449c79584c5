// Made by `make generate` from crds/idgen.io_idgenerators.yaml. Do not edit.

export interface IdGeneratorSpecImagePullSecret {
  /** Name of the Secret. */
  readonly name: string
}

export interface IdGeneratorSpecAutoscaling {
  /** Fewest pods. */
  readonly minReplicas: number
  /** Most pods. */
  readonly maxReplicas: number
  /** Mean CPU of the pods, in percent of their request, that is aimed at. */
  readonly targetCPUUtilizationPercentage: number
  /** As in autoscaling/v2, how fast it may grow and shrink. */
  readonly behavior?: Readonly<Record<string, unknown>>
}

export interface IdGeneratorSpecDatabaseSecret {
  /** Name of the Secret in this namespace. */
  readonly name: string
  /** Its key. */
  readonly key: string
}

export interface IdGeneratorSpecDatabasePool {
  /** Most connections. */
  readonly max: number
  /** Kept open when idle. */
  readonly min: number
}

export interface IdGeneratorSpecDatabaseTls {
  /** Name of the Secret in this namespace. */
  readonly secretName: string
}

export interface IdGeneratorSpecDatabase {
  /** Secret with the URL, postgres://user:password@host:5432/database. */
  readonly secret: IdGeneratorSpecDatabaseSecret
  /** Connections of each pod. All pods together must stay below the server's max_connections. */
  readonly pool?: IdGeneratorSpecDatabasePool
  /** Secret with ca.crt, the authorities that sign the server's certificate. The connection is then encrypted and held against them (sslmode=verify-full), where the URL does not say sslmode or sslrootcert itself. */
  readonly tls?: IdGeneratorSpecDatabaseTls
  /** Whether the operator runs the migrations of a new revision, in a Job, before its first pod. */
  readonly migrate: boolean
}

export interface IdGeneratorSpecEtcdSecret {
  /** Name of the Secret in this namespace. */
  readonly name: string
}

export interface IdGeneratorSpecEtcdTls {
  /** Name of the Secret in this namespace. */
  readonly secretName: string
}

export interface IdGeneratorSpecEtcd {
  /** Its members. */
  readonly endpoints: readonly string[]
  /** All keys lie below it. Data centres that share an etcd share the prefix. */
  readonly prefix: string
  /** Secret with the keys username and password. */
  readonly secret?: IdGeneratorSpecEtcdSecret
  /** Secret with ca.crt and, for a client certificate, tls.crt and tls.key. */
  readonly tls?: IdGeneratorSpecEtcdTls
}

export interface IdGeneratorSpecRedisSecret {
  /** Name of the Secret in this namespace. */
  readonly name: string
  /** Its key. */
  readonly key: string
}

export interface IdGeneratorSpecRedisTls {
  /** Name of the Secret in this namespace. */
  readonly secretName: string
}

export interface IdGeneratorSpecRedis {
  /** Servers without a password. */
  readonly endpoints?: readonly string[]
  /** Secret with the servers, redis://:password@host:6379, separated by commas. */
  readonly secret?: IdGeneratorSpecRedisSecret
  /** Whether they are nodes of a Redis cluster. */
  readonly cluster: boolean
  /** Secret with ca.crt, the authorities that sign the certificates of rediss:// servers. Without it those the image trusts. */
  readonly tls?: IdGeneratorSpecRedisTls
}

export interface IdGeneratorSpecDefaultsStep {
  /** At rest. */
  readonly base?: number
  /** At least. */
  readonly min?: number
  /** At most. */
  readonly max?: number
}

export interface IdGeneratorSpecDefaults {
  /** The first choice; the degradation chain follows from it. */
  readonly algorithm?: 'segment' | 'snowflake' | 'uuid-v7' | 'uuid-v4'
  /** Degradation chain, in the order segment, snowflake, uuid-v7, uuid-v4. */
  readonly chain?: readonly ('segment' | 'snowflake' | 'uuid-v7' | 'uuid-v4')[]
  /** How many numbers one allocation takes. */
  readonly step?: IdGeneratorSpecDefaultsStep
}

export interface IdGeneratorSpecTlsIssuerRef {
  /** Its name. */
  readonly name: string
  /** Issuer or ClusterIssuer. */
  readonly kind: string
  /** API group of the kind. */
  readonly group: string
}

export interface IdGeneratorSpecTls {
  /** Optional serves HTTP and HTTPS; Required redirects HTTP (probes excepted) and gRPC speaks TLS. */
  readonly mode: 'Optional' | 'Required'
  /** Your Secret of type kubernetes.io/tls, with ca.crt where a private authority signed it. */
  readonly secretName?: string
  /** Issuer of cert-manager that signs the certificate, with the names of the Services inside the cluster; a CA or Vault does that. Let's Encrypt does not: for it, use ingress.annotations and ingress.tlsSecretName. */
  readonly issuerRef?: IdGeneratorSpecTlsIssuerRef
  /** Whether the metrics port (9464) speaks TLS, too, with the same certificate: probes, the ServiceMonitor and the operator then ask for https; a Prometheus of your own must. A change starts the canary. */
  readonly metrics?: boolean
  /** Names beside those of the Services; the first part may be *. IPv4 addresses, too. */
  readonly dnsNames?: readonly string[]
}

export interface IdGeneratorSpecResp {
  /** Serves the Redis protocol on port 6399, encrypted where tls.mode is Required. */
  readonly enabled: boolean
}

export interface IdGeneratorSpecUi {
  /** Whether pods serve it, to who signs in with an API key that may manage or audit. Left out, spec.config says so (server.ui.enabled); they do where neither says. */
  readonly enabled?: boolean
  /** Where browsers reach a Grafana with the dashboards of idgen, whose panels the UI then frames. */
  readonly grafanaUrl?: string
}

export interface IdGeneratorSpecLimits {
  /** Whether the limits of address, key and tag hold over all pods together, by way of redis, instead of for each. Left out, spec.config says so (limits.shared); they hold for each pod where neither says. */
  readonly shared?: boolean
}

export interface IdGeneratorSpecAuditFilePersistentVolumeClaim {
  /** Name of the PersistentVolumeClaim in this namespace. */
  readonly claimName: string
}

export interface IdGeneratorSpecAuditFileEmptyDir {
  /** Above it the pod is evicted: leave room for what the agent has not yet taken. */
  readonly sizeLimit?: string
}

export interface IdGeneratorSpecAuditFile {
  /** A claim that there is. All pods write to it, so it is ReadWriteMany where they may run on several nodes. */
  readonly persistentVolumeClaim?: IdGeneratorSpecAuditFilePersistentVolumeClaim
  /** A claim for each pod, which goes with it. */
  readonly ephemeral?: Readonly<Record<string, unknown>>
  /** A driver's own volume. */
  readonly csi?: Readonly<Record<string, unknown>>
  /** A folder of the node, which goes with the pod; for an agent that takes away what is written there. */
  readonly emptyDir?: IdGeneratorSpecAuditFileEmptyDir
}

export interface IdGeneratorSpecAuthClientsAuthoritySecret {
  /** Name of the Secret in this namespace. */
  readonly name: string
  /** Its key. */
  readonly key: string
}

export interface IdGeneratorSpecAuthClientsAllowed {
  /** Name in the audit log, as client:<name>. */
  readonly name: string
  /** What the certificate must bear, letter by letter: URI:spiffe://example.org/billing, DNS:…, email:… or CN:…. Printable ASCII without blank and semicolon. */
  readonly certificate: string
  /** What it may do. */
  readonly scopes: readonly ('issue' | 'manage' | 'audit' | 'alert')[]
  /** Workspace, workspace/group or workspace/group/tag that it is limited to. Left out: everything. */
  readonly within?: string
}

export interface IdGeneratorSpecAuthClients {
  /** Secret with the authorities that sign certificates of clients. */
  readonly authoritySecret: IdGeneratorSpecAuthClientsAuthoritySecret
  /** Who may come, and what they may do. */
  readonly allowed: readonly IdGeneratorSpecAuthClientsAllowed[]
}

export interface IdGeneratorSpecAuthAdminKeySecret {
  /** Name of the Secret in this namespace. */
  readonly name: string
  /** Its key. */
  readonly key: string
}

export interface IdGeneratorSpecAuth {
  /** Programs that may come with a certificate in place of an API key (docs/client-certificates.md). A change starts the canary, and is everywhere when that is promoted. Who is taken out does not wait for it: all pods refuse that certificate as soon as their nodes bring them the news. Another content of the Secret counts at once. */
  readonly clients?: IdGeneratorSpecAuthClients
  /** Secret with a key that may do everything. Without it the operator makes <name>-admin. */
  readonly adminKeySecret?: IdGeneratorSpecAuthAdminKeySecret
}

export interface IdGeneratorSpecService {
  /** As in a Service. */
  readonly type: 'ClusterIP' | 'NodePort' | 'LoadBalancer'
  /** Of the Service. */
  readonly annotations?: Readonly<Record<string, string>>
  /** Of the Service. */
  readonly labels?: Readonly<Record<string, string>>
  /** As in a Service. */
  readonly loadBalancerClass?: string
  /** As in a Service. */
  readonly loadBalancerSourceRanges?: readonly string[]
  /** As in a Service. */
  readonly externalTrafficPolicy?: 'Cluster' | 'Local'
  /** As in a Service, for example PreferSameZone. */
  readonly trafficDistribution?: string
}

export interface IdGeneratorSpecIngress {
  /** IngressClass; without it the cluster's default. */
  readonly className?: string
  /** Host names. */
  readonly hosts: readonly string[]
  /** Path prefix. */
  readonly path: string
  /** For the controller. */
  readonly annotations?: Readonly<Record<string, string>>
  /** Secret with the certificate for the hosts. */
  readonly tlsSecretName?: string
}

export interface IdGeneratorSpecGatewayParentRef {
  /** Name of the Gateway. */
  readonly name: string
  /** Its namespace, if another. */
  readonly namespace?: string
  /** Its listener. */
  readonly sectionName?: string
  /** Its port. */
  readonly port?: number
}

export interface IdGeneratorSpecGateway {
  /** The gateways, as in an HTTPRoute. */
  readonly parentRefs: readonly IdGeneratorSpecGatewayParentRef[]
  /** Host names of the HTTP API. */
  readonly hostnames?: readonly string[]
  /** Host names of the gRPC API; without any there is no GRPCRoute. */
  readonly grpcHostnames?: readonly string[]
}

export interface IdGeneratorSpecNetworkPolicy {
  /** Whether there is one. */
  readonly enabled: boolean
  /** Peers that may call, as in a NetworkPolicy; without any, every pod and address may. */
  readonly from?: readonly Readonly<Record<string, unknown>>[]
  /** Peers that may read the metrics; without any, every pod of the cluster may. */
  readonly metricsFrom?: readonly Readonly<Record<string, unknown>>[]
}

export interface IdGeneratorSpecPodDisruptionBudget {
  /** Whether there is one. */
  readonly enabled: boolean
  /** Number, or percent as text. */
  readonly maxUnavailable: number | string
}

export interface IdGeneratorSpecMonitoring {
  /** Whether Prometheus is told of the pods. */
  readonly serviceMonitor: boolean
  /** How often it asks; with more than 10s alerts take longer than a minute. */
  readonly interval: string
  /** Whether there are alert rules. */
  readonly prometheusRule: boolean
  /** Labels by which Prometheus finds both. */
  readonly labels?: Readonly<Record<string, string>>
}

export interface IdGeneratorSpecAlertsEmailPasswordSecret {
  /** Name of the Secret in this namespace. */
  readonly name: string
  /** Its key. */
  readonly key: string
}

export interface IdGeneratorSpecAlertsEmail {
  /** Receivers. */
  readonly to: readonly string[]
  /** Sender. */
  readonly from: string
  /** SMTP server, host:port. */
  readonly smarthost: string
  /** Of the SMTP server. */
  readonly username?: string
  /** Secret with its password. */
  readonly passwordSecret?: IdGeneratorSpecAlertsEmailPasswordSecret
  /** Whether mail leaves only encrypted. */
  readonly requireTLS: boolean
}

export interface IdGeneratorSpecAlertsWeComSecret {
  /** Name of the Secret in this namespace. */
  readonly name: string
  /** Its key. */
  readonly key: string
}

export interface IdGeneratorSpecAlertsWeCom {
  /** Of the company. */
  readonly corpId: string
  /** Of the application. */
  readonly agentId: string
  /** If not the public one. */
  readonly apiUrl?: string
  /** Users, separated by |. */
  readonly toUser?: string
  /** Departments, separated by |. */
  readonly toParty?: string
  /** Tags of people, separated by |. */
  readonly toTag?: string
  /** Secret with the application's secret. */
  readonly secret: IdGeneratorSpecAlertsWeComSecret
}

export interface IdGeneratorSpecAlerts {
  /** P99 above it alerts. */
  readonly p99Milliseconds: number
  /** Failed requests above it alert. */
  readonly errorPercent: string
  /** Requests a second that one pod can answer; above 80 % of it an alert fires. */
  readonly capacityPerSecond: number
  /** By the Alertmanager of the Prometheus operator. */
  readonly email?: IdGeneratorSpecAlertsEmail
  /** By WeCom. */
  readonly weCom?: IdGeneratorSpecAlertsWeCom
  /** Labels by which Alertmanager finds its configuration. */
  readonly labels?: Readonly<Record<string, string>>
}

export interface IdGeneratorSpecCanaryStep {
  /** Share of the new revision in percent. */
  readonly weight: number
  /** How long the share stays, from when the pods are available. For example 24h or 1h30m. */
  readonly hold: string
  /** Wait after the hold until somebody promotes it (kubectl idgen promote). */
  readonly requireApproval: boolean
}

export interface IdGeneratorSpecCanaryAnalysisMetric {
  /** errorRate, p99Milliseconds, degradedShare, or a name for the query. */
  readonly name: string
  /** PromQL for the provider Prometheus; $revision and $namespace are filled in. While it gives no series although there are requests, the step waits. */
  readonly query?: string
  /** Highest value that passes, where stable itself does not lie above it; where it does, maxRatioToStable decides, or 2 if there is none. */
  readonly max?: string
  /** Highest ratio to the stable revision that passes. */
  readonly maxRatioToStable?: string
}

export interface IdGeneratorSpecCanaryAnalysis {
  /** Whether anything is. */
  readonly enabled: boolean
  /** Scrape reads the pods' own metrics; Prometheus asks a server. */
  readonly provider: 'Scrape' | 'Prometheus'
  /** Of the Prometheus server. */
  readonly prometheusUrl?: string
  /** Time between two judgements. */
  readonly interval: string
  /** Time before the first. */
  readonly initialDelay: string
  /** Requests that the new revision must have had for a judgement. */
  readonly minSamples: number
  /** Failed judgements in a row that are borne; one more rolls back. */
  readonly failureLimit: number
  /** Judgements in a row without an answer that are borne; one more rolls back. */
  readonly errorLimit: number
  /** Whether a hold may end without enough requests for a judgement. */
  readonly onNoData: 'Proceed' | 'Hold'
  /** What is judged. Repeated IDs and restarts of pods always are. */
  readonly metrics: readonly IdGeneratorSpecCanaryAnalysisMetric[]
}

export interface IdGeneratorSpecCanary {
  /** Immediate goes to 100 % as soon as the pods are ready. */
  readonly strategy: 'Canary' | 'Immediate'
  /** Shares of the new revision, growing, the last one 100. */
  readonly steps: readonly IdGeneratorSpecCanaryStep[]
  /** Pods of the new revision that are not available by then are given up and rolled back. */
  readonly progressDeadline: string
  /** How long the pods of a revision that was rolled back stay to be looked at, where none of them is available; others end as the stable ones take over. */
  readonly abortScaleDownDelay: string
  /** What is watched meanwhile; a failure rolls back. */
  readonly analysis: IdGeneratorSpecCanaryAnalysis
}

export interface IdGeneratorSpecPodResources {
  /** As in a container. */
  readonly requests?: Readonly<Record<string, number | string>>
  /** As in a container. */
  readonly limits?: Readonly<Record<string, number | string>>
}

export interface IdGeneratorSpecPod {
  /** Further labels. */
  readonly labels?: Readonly<Record<string, string>>
  /** Further annotations. */
  readonly annotations?: Readonly<Record<string, string>>
  /** Requests and limits of the container. */
  readonly resources: IdGeneratorSpecPodResources
  /** As in a pod. */
  readonly nodeSelector?: Readonly<Record<string, string>>
  /** As in a pod. */
  readonly affinity?: Readonly<Record<string, unknown>>
  /** As in a pod. */
  readonly tolerations?: readonly Readonly<Record<string, unknown>>[]
  /** As in a pod; labelSelector is filled in. Without any, pods are spread over zones and nodes. */
  readonly topologySpreadConstraints?: readonly Readonly<Record<string, unknown>>[]
  /** As in a pod. */
  readonly priorityClassName?: string
  /** As in a pod. */
  readonly runtimeClassName?: string
  /** An existing one; without it one of its own is made. */
  readonly serviceAccountName?: string
  /** As in a pod; drain and requests in flight must fit. */
  readonly terminationGracePeriodSeconds: number
  /** Further variables, as in a container; those that load other code or trust (PATH, NODE_*, LD_* …) are left out. */
  readonly env?: readonly Readonly<Record<string, unknown>>[]
  /** Further volumes, as in a pod. */
  readonly volumes?: readonly Readonly<Record<string, unknown>>[]
  /** Further mounts, as in a container; those over files of the image (/app, /etc, /usr …) are left out. */
  readonly volumeMounts?: readonly Readonly<Record<string, unknown>>[]
}

export interface IdGeneratorSpecAllowedNamespacesWorkspace {
  /** Its name, or * for all others that no entry names. */
  readonly namespace: string
  /** Where it may declare tags; [] is nowhere. */
  readonly workspaces: readonly string[]
}

export interface IdGeneratorSpecAllowedNamespaces {
  /** Its own, all, or those with labels. */
  readonly from: 'Same' | 'All' | 'Selector'
  /** Labels that the namespace must have. */
  readonly selector?: Readonly<Record<string, string>>
  /** Workspaces in which a permitted namespace may declare tags. A namespace that no entry names may declare in all of them, unless an entry "*" says what others may; it does not bind the IdGenerator's own. */
  readonly workspaces?: readonly IdGeneratorSpecAllowedNamespacesWorkspace[]
}

export interface IdGeneratorSpec {
  /** Image of the service, with tag or, better, digest. Changing it starts the canary. Default: the image of the operator. It must stand on the operator's allow-list. */
  readonly image?: string
  /** When nodes fetch the image. */
  readonly imagePullPolicy: 'Always' | 'IfNotPresent' | 'Never'
  /** Secrets of this namespace for the image's registry. */
  readonly imagePullSecrets?: readonly IdGeneratorSpecImagePullSecret[]
  /** Pods wanted, of all revisions together. A data centre has 256 worker ids: 192 for these pods, 48 for those that stand beside them in a rollout, 16 to spare. IdGenerators of one data centre share them. Autoscaling writes it. */
  readonly replicas: number
  /** Lets a HorizontalPodAutoscaler scale this resource between two bounds. */
  readonly autoscaling?: IdGeneratorSpecAutoscaling
  /** Number of the data centre, part of every snowflake ID and of the cells of every segment tag. */
  readonly datacenter: number
  /** PostgreSQL, the source of truth. */
  readonly database: IdGeneratorSpecDatabase
  /** etcd for worker ids, the witness and configuration. Without it PostgreSQL grants time, and restored backups are outside the promise. */
  readonly etcd?: IdGeneratorSpecEtcd
  /** Redis, single or cluster, as a cache that may fail. */
  readonly redis?: IdGeneratorSpecRedis
  /** For BizTags that do not say it themselves. */
  readonly defaults?: IdGeneratorSpecDefaults
  /** Further keys of the service's configuration (docs/configuration.md), as in its YAML file, for example snowflake: { window: 1m }. What this resource says elsewhere wins. A change starts the canary. */
  readonly config?: Readonly<Record<string, unknown>>
  /** Certificate of the pods. Without secretName and issuerRef the operator makes and renews one. */
  readonly tls: IdGeneratorSpecTls
  /** Redis clients (docs/resp.md). A change starts the canary. */
  readonly resp?: IdGeneratorSpecResp
  /** The admin UI at /ui (docs/admin-ui.md). A change starts the canary. */
  readonly ui?: IdGeneratorSpecUi
  /** How often callers may ask (docs/rate-limits.md). A change starts the canary. */
  readonly limits?: IdGeneratorSpecLimits
  /** A second place for the audit log, beside the database (docs/audit.md): the volume, as in a pod, to which each pod writes its records, into a file of its own. A change starts the canary. */
  readonly auditFile?: IdGeneratorSpecAuditFile
  /** Who may call. */
  readonly auth: IdGeneratorSpecAuth
  /** The Service that callers use. */
  readonly service: IdGeneratorSpecService
  /** An Ingress for the HTTP API. */
  readonly ingress?: IdGeneratorSpecIngress
  /** Routes of the Gateway API. The canary's share is then exact, by the weights of the routes, and not only by the number of pods. */
  readonly gateway?: IdGeneratorSpecGateway
  /** Who may reach the pods, and whom they may reach. */
  readonly networkPolicy: IdGeneratorSpecNetworkPolicy
  /** How many pods an eviction may take at a time. */
  readonly podDisruptionBudget: IdGeneratorSpecPodDisruptionBudget
  /** Objects of the Prometheus operator; made only where their kinds exist. */
  readonly monitoring: IdGeneratorSpecMonitoring
  /** When alerts fire and whom they reach. */
  readonly alerts: IdGeneratorSpecAlerts
  /** How a new revision (image, configuration, pod settings) comes into use. */
  readonly canary: IdGeneratorSpecCanary
  /** Settings of the pods. A change starts the canary. */
  readonly pod: IdGeneratorSpecPod
  /** Namespaces whose BizTags may name this IdGenerator. */
  readonly allowedNamespaces: IdGeneratorSpecAllowedNamespaces
  /** Deployments without pods that are kept for a quick way back. */
  readonly revisionHistoryLimit: number
  /** Leave everything as it is; tags, too. Only the certificate is renewed. */
  readonly suspend: boolean
}

export interface IdGeneratorStatusCondition {
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

export interface IdGeneratorStatusRolloutWaiting {
  /** When that changed last; the progress deadline counts from then. */
  readonly since?: string
  /** How many are wanted. */
  readonly wanted?: number
  /** How many are available. */
  readonly available?: number
  /** How often available ones went away; after three times that is no progress any more. */
  readonly falls?: number
}

export interface IdGeneratorStatusRolloutPause {
  /** Why, in one word. */
  readonly reason?: 'Hold' | 'Approval' | 'Inconclusive' | 'User' | 'AnalysisError'
  /** Since when. */
  readonly since?: string
  /** When the hold ends, where it ends by itself. */
  readonly until?: string
}

export interface IdGeneratorStatusRolloutAnalysisSampleMetric {
  /** Which. */
  readonly name?: string
  /** Of the new revision. */
  readonly canary?: string
  /** Of the stable one. */
  readonly stable?: string
  /** Requests it rests on. */
  readonly samples?: number
  /** What it means. */
  readonly verdict?: 'Pass' | 'NoData' | 'Inconclusive' | 'Error' | 'Fail'
}

export interface IdGeneratorStatusRolloutAnalysisSample {
  /** When. */
  readonly at?: string
  /** The worst of its metrics. */
  readonly verdict?: 'Pass' | 'NoData' | 'Inconclusive' | 'Error' | 'Fail'
  /** What is wrong, where something is. */
  readonly message?: string
  /** What it was made from. */
  readonly metrics?: readonly IdGeneratorStatusRolloutAnalysisSampleMetric[]
}

export interface IdGeneratorStatusRolloutAnalysis {
  /** The last verdict. */
  readonly phase?: 'Waiting' | 'Passing' | 'Failing' | 'NoData' | 'Inconclusive' | 'Error'
  /** When the first pod of the new revision was available; the initial delay counts from then. */
  readonly startedAt?: string
  /** Failed judgements in a row. */
  readonly consecutiveFailures?: number
  /** Judgements without an answer in a row. */
  readonly consecutiveErrors?: number
  /** The last judgements. */
  readonly samples?: readonly IdGeneratorStatusRolloutAnalysisSample[]
}

export interface IdGeneratorStatusRollout {
  /** What is rolled out. */
  readonly revision?: string
  /** Its image. */
  readonly image?: string
  /** How far it came. */
  readonly state?: 'Progressing' | 'Promoted' | 'RolledBack'
  /** Current step, from 0. */
  readonly stepIndex?: number
  /** Number of steps. */
  readonly stepCount?: number
  /** The steps it follows, in short; a change of the spec is seen by it. */
  readonly stepsHash?: string
  /** When it began. */
  readonly startedAt?: string
  /** When the step's pods were available; its hold counts from then. */
  readonly stepStartedAt?: string
  /** Somebody ended the hold, or gave the approval, of the current step. */
  readonly stepPromoted?: boolean
  /** Somebody wants all of it now, without holds and analysis. */
  readonly promoteFull?: boolean
  /** How the new revision's pods come up; absent once all of them stayed available for the progress deadline. */
  readonly waiting?: IdGeneratorStatusRolloutWaiting
  /** When it was promoted or rolled back. */
  readonly finishedAt?: string
  /** Share wanted in percent. */
  readonly desiredWeight?: number
  /** Share of the available pods, or of the route's weights, in percent. */
  readonly actualWeight?: number
  /** Why it waits. */
  readonly pause?: IdGeneratorStatusRolloutPause
  /** What was measured. */
  readonly analysis?: IdGeneratorStatusRolloutAnalysis
  /** How it stands. */
  readonly message?: string
}

export interface IdGeneratorStatusBlockedRevision {
  /** Which. */
  readonly revision: string
  /** Its image. */
  readonly image?: string
  /** Why, in one word. */
  readonly reason?: string
  /** What happened. */
  readonly message?: string
  /** When. */
  readonly at?: string
}

export interface IdGeneratorStatusTakenCommand {
  /** Which. */
  readonly command: 'abort' | 'retry' | 'promote-full' | 'promote' | 'pause'
  /** For which revision. */
  readonly revision: string
}

export interface IdGeneratorStatusRevision {
  /** Which. */
  readonly revision: string
  /** Its image. */
  readonly image?: string
  /** Pods wanted. */
  readonly desired?: number
  /** Pods available. */
  readonly available?: number
  /** Clients that its pods were made to let in and refuse by now, because they were taken out of spec.auth.clients. Left out where it has no pods. */
  readonly refusedClients?: readonly string[]
}

export interface IdGeneratorStatusBizTags {
  /** All. */
  readonly total?: number
  /** Those that are ready. */
  readonly ready?: number
}

export interface IdGeneratorStatusEndpoints {
  /** HTTP API. */
  readonly http?: string
  /** HTTP API with TLS. */
  readonly https?: string
  /** gRPC API. */
  readonly grpc?: string
  /** Redis protocol. */
  readonly resp?: string
}

export interface IdGeneratorStatus {
  /** Of the spec that the status is about. */
  readonly observedGeneration?: number
  /** Ready, Available, DatabaseReady, CredentialsValid, RolloutProgressing, RolloutHealthy, Paused, Reconciling, Stalled. */
  readonly conditions?: readonly IdGeneratorStatusCondition[]
  /** Pods that exist. */
  readonly replicas?: number
  /** Pods that are ready. */
  readonly readyReplicas?: number
  /** Both as text, for the column. */
  readonly readyOfDesired?: string
  /** Label selector of the pods. */
  readonly selector?: string
  /** The revision that is in use. */
  readonly stableRevision?: string
  /** Its image. */
  readonly stableImage?: string
  /** The revision on its way, while there is one. */
  readonly canaryRevision?: string
  /** Share of the newest revision, actual and, where it differs, desired. */
  readonly share?: string
  /** Of the fullest tag's number space. */
  readonly usedPercent?: string
  /** The last revision whose migrations ran. */
  readonly migratedRevision?: string
  /** The rollout under way, or the last one. */
  readonly rollout?: IdGeneratorStatusRollout
  /** Revisions that failed and are not tried again by themselves. */
  readonly blockedRevisions?: readonly IdGeneratorStatusBlockedRevision[]
  /** Commands that were taken and whose annotation still stands, so that none acts twice. */
  readonly takenCommands?: readonly IdGeneratorStatusTakenCommand[]
  /** All revisions that have a Deployment. */
  readonly revisions?: readonly IdGeneratorStatusRevision[]
  /** BizTags that name it. */
  readonly bizTags?: IdGeneratorStatusBizTags
  /** Where callers find it inside the cluster. */
  readonly endpoints?: IdGeneratorStatusEndpoints
  /** Secret with the key that may do everything. */
  readonly adminKeySecret?: string
  /** When the certificate ends. */
  readonly certificateNotAfter?: string
}
