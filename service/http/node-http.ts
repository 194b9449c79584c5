/**
 * node:http, without `import`: that reads every name a module exports, and reading node:http's WebSocket loads Node's whole
 * HTTP client, fetch and all, which nobody uses here: 5 MB in each thread. loaded-modules.test.ts holds it.
 */
export const NODE_HTTP = process.getBuiltinModule('node:http')
