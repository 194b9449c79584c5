import { X509Certificate } from 'node:crypto'
import { Command, InvalidArgumentError } from 'commander'
import { type CertificateFolder, writeCertificateFolder } from '../adapters/system/certificate-folder.ts'
import { isServerName, ownCertificate } from '../adapters/system/own-certificate.ts'
import { SystemClock } from '../adapters/system/system-clock.ts'
import { shellWord } from './shell-word.ts'

interface CertificateOptions {
  readonly name?: readonly string[]
}

export function certificateCommand(): Command {
  return new Command('certificate')
    .description('Make a certificate that nobody else has signed, to try TLS with: tls.crt and tls.key.')
    .argument('<folder>', 'where to; made if it is not there. Files that are there stay as they are')
    .option(
      '-n, --name <name>',
      'host name or address of the server, beside localhost; may be repeated',
      withName,
    )
    .action(make)
}

async function make(folder: string, { name = [] }: CertificateOptions): Promise<void> {
  const names = [...new Set([...ALWAYS, ...name])]
  const own = ownCertificate(names, new SystemClock().nowMs())
  const files = await writeCertificateFolder(folder, own)
  process.stdout.write(report(new X509Certificate(own.cert), files, names))
}

function report(
  { validToDate, fingerprint256 }: X509Certificate,
  { cert, key }: CertificateFolder,
  names: readonly string[],
): string {
  const [certWord, keyWord] = [cert, key].map(shellWord)
  return [
    `Made ${cert} and ${key}, for ${names.join(', ')}, until ${validToDate.toISOString().slice(0, 10)}.`,
    `SHA-256: ${fingerprint256}`,
    '',
    `It is for trying only: nobody else has signed it, so every client must be given ${cert}. Later put a`,
    'certificate of your authority into the same two files; a service that runs takes it in within seconds.',
    '',
    `  IDGEN_SERVER_HTTPS_CERT=${certWord} IDGEN_SERVER_HTTPS_KEY=${keyWord} idgen serve`,
    `  curl --cacert ${certWord} https://localhost:8443/readyz`,
    '',
  ].join('\n')
}

function withName(text: string, before: readonly string[] = []): readonly string[] {
  const name = text.toLowerCase()
  if (!isServerName(name))
    throw new InvalidArgumentError('give a DNS name (the first part may be *) or an address, without a port.')
  if (before.length === NAMES_MAX)
    throw new InvalidArgumentError(`a certificate has at most ${NAMES_MAX} names.`)
  return [...before, name]
}

const ALWAYS = ['localhost', '127.0.0.1', '::1']
/** Of 253 characters each they still make a certificate that every client reads. */
const NAMES_MAX = 64
