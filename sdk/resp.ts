export { resp } from './transports/resp-transport.ts'
