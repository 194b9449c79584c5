/** A header block that is not HPACK: the connection's table can no longer be trusted (RFC 7541, RFC 9113 section 4.3). */
export class HpackError extends Error {}
