import type { Socket } from 'node:net'

/** What a connection of a protocol uses of its socket. */
export type ClientSocket = Pick<
  Socket,
  | 'destroy'
  | 'destroyed'
  | 'end'
  | 'on'
  | 'once'
  | 'remoteAddress'
  | 'resume'
  | 'writable'
  | 'writableHighWaterMark'
  | 'writableLength'
  | 'writableNeedDrain'
  | 'write'
>
