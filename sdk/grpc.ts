export { grpc } from './transports/grpc-transport.ts'
