/** A certificate, with those that sign it, and its key; PEM. */
export interface CertificatePair {
  readonly cert: Buffer
  readonly key: Buffer
  /** Who signs certificates of clients, PEM; left out: they are not asked for one. */
  readonly clientCa?: Buffer | undefined
}

/** From when to when a certificate counts, in Unix milliseconds. */
export interface CertificateLife {
  readonly startMs: number
  readonly endMs: number
}

/** What there is to tell of the certificate that this process shows. */
export interface ServedCertificate {
  readonly life: CertificateLife
  /** Why what lies in its files now is not taken, for people; undefined: it is in use. */
  readonly refused: string | undefined
}

/** The certificate that this process shows. Every pair it gives is usable: certificate and key belong together. */
export interface CertificateSource {
  readonly current: CertificatePair
  /** `onChange` is called with each new pair, until the source ends. */
  follow(onChange: (pair: CertificatePair) => void): void
}

export type TlsVersion = 'TLSv1.2' | 'TLSv1.3'
