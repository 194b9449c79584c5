/** RFC 9113 section 7. */
export const ERROR_CODE = {
  none: 0x0,
  protocol: 0x1,
  internal: 0x2,
  flowControl: 0x3,
  settingsTimeout: 0x4,
  streamClosed: 0x5,
  frameSize: 0x6,
  refusedStream: 0x7,
  cancel: 0x8,
  compression: 0x9,
  enhanceYourCalm: 0xb,
} as const
export type ErrorCode = (typeof ERROR_CODE)[keyof typeof ERROR_CODE]

/** The client broke the protocol in a way that no later frame can mend (RFC 9113 section 5.4.1). */
export class ConnectionError extends Error {
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string) {
    super(message)
    this.code = code
  }
}

/** It does more than a client that means well. */
export function calm(message: string): ConnectionError {
  return new ConnectionError(ERROR_CODE.enhanceYourCalm, message)
}
