import type { Call, MessageInput, MessageOutput, StreamMethod, UnaryMethod } from './call.ts'
import { CallStatus } from './call.ts'
import {
  AuditServiceDefinition,
  ExportAuditRecordsRequest,
  ExportAuditRecordsResponse,
  ListAuditRecordsRequest,
  ListAuditRecordsResponse,
} from './generated/idgen/v1/audit_service.ts'
import { decoded } from './method-table.ts'
import type { OpenStreams } from './open-streams.ts'
import { STATUS } from './status-code.ts'

/** The call that a stream makes for each page. */
export const LIST_AUDIT_RECORDS = `/${AuditServiceDefinition.fullName}/ListAuditRecords`

/**
 * The audit log as a stream: page after page of `list`, which checks key, rights and limits each time. In a protocol thread
 * `list` asks the main thread, so a stream needs nothing that a thread has not.
 */
export function auditExport(list: Pick<UnaryMethod, 'answer'>, streams: OpenStreams): StreamMethod {
  return {
    path: `/${AuditServiceDefinition.fullName}/ExportAuditRecords`,
    requests: 'one',
    open: (call, output) => new AuditExport(list, call, output, streams),
  }
}

/** One page is under way at a time, and none while the client takes no more: it holds no more than that. */
class AuditExport implements MessageInput {
  readonly #list: Pick<UnaryMethod, 'answer'>
  readonly #call: Call
  readonly #output: MessageOutput
  readonly #open: Disposable
  #next: ListAuditRecordsRequest | undefined
  #reading = false
  #full = false
  #over = false

  constructor(list: Pick<UnaryMethod, 'answer'>, call: Call, output: MessageOutput, streams: OpenStreams) {
    this.#list = list
    this.#call = call
    this.#output = output
    this.#open = streams.add(() => this.#fail(new CallStatus(STATUS.UNAVAILABLE, SHUTTING_DOWN)))
  }

  receive(message: Uint8Array): void {
    if (this.#over) return
    const request = decoded((bytes) => ExportAuditRecordsRequest.decode(bytes), message)
    this.#next = { ...request, pageSize: PAGE, oldestFirst: true }
    this.#goOn()
  }

  ended(): void {}

  drained(): void {
    this.#full = false
    this.#goOn()
  }

  closed(): void {
    this.#over = true
    this.#open[Symbol.dispose]()
  }

  #goOn(): void {
    if (this.#next === undefined || this.#reading || this.#full || this.#over) return
    this.#reading = true
    this.#page(this.#next).then(
      () => {
        this.#reading = false
        this.#goOn()
      },
      (thrown: unknown) => this.#fail(thrown),
    )
  }

  async #page(request: ListAuditRecordsRequest): Promise<void> {
    const asked = ListAuditRecordsRequest.encode(request).finish()
    const page = ListAuditRecordsResponse.decode(await this.#list.answer(asked, this.#call))
    if (this.#over) return
    this.#full = !this.#output.send(ExportAuditRecordsResponse.encode(page).finish())
    const { nextPageToken: pageToken } = page
    if (pageToken !== '') {
      this.#next = { ...request, pageToken }
      return
    }
    this.#over = true
    this.#output.end()
  }

  #fail(thrown: unknown): void {
    if (this.#over) return
    this.#over = true
    const status =
      thrown instanceof CallStatus ? thrown : new CallStatus(STATUS.INTERNAL, 'The audit log cannot be read.')
    this.#output.fail(status)
  }
}

const SHUTTING_DOWN = 'This server is shutting down; go on with next_page_token at another one.'
/** Some 250 KB a message. */
const PAGE = 500
