// The gateway's certificates: read from their files, checked, and read again when the files change or somebody says so.
//
// Files are looked at every few seconds rather than watched: what renews certificates replaces links and folders, and a
// watch on the old one never hears of the new.
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { CertificateFiles } from './config.js'
import { messageOf, SwarmError } from './errors.js'
import { SILENT, type Log } from './log.js'
import type { Certificate } from './native.js'

export interface Certificates extends AsyncDisposable {
  /** Reads all files again, or others in their place. When one can't be used, all certificates stay as they are, and the log says so. */
  reload(files?: readonly CertificateFiles[]): Promise<void>
}

export interface CertificatesOptions {
  files: readonly CertificateFiles[]
  install: (certificates: Certificate[]) => void
  log: Log
  clock: () => number
  checkEveryMs?: number
}

const CHECK_EVERY_MS = 5_000
const DAY_MS = 24 * 60 * 60 * 1_000
/** Soon enough for whoever has to renew by hand. */
const WARN_DAYS = 14
const NO_FILES: CertificateFiles = { certificate: '', key: '' }

/** Installs the certificates. Throws CONFIG_INVALID: which file, and what is wrong with it. */
export async function openCertificates({ checkEveryMs = CHECK_EVERY_MS, clock, install, log, ...options }: CertificatesOptions): Promise<Certificates> {
  let { files } = options
  let installed: Certificate[] = []
  /** What kept the newest files from being installed; said once. */
  let trouble: string | null = null

  /** Whether there was anything new. */
  const update = async (): Promise<boolean> => {
    const pairs = await Promise.all(files.map(readPair))
    if (isSame(pairs, installed)) return false
    for (const [index, pair] of pairs.entries()) check(pair, files[index] ?? NO_FILES, log, clock())
    install(pairs)
    installed = pairs
    return true
  }
  const tryUpdate = async (): Promise<void> => {
    try {
      if (await update()) log.info('the certificates were read again', { files: files.length })
      trouble = null
    } catch (error) {
      const reason = messageOf(error)
      if (reason !== trouble) log.error('the certificates stay as they are', { reason })
      trouble = reason
    }
  }

  await update()
  let running = Promise.resolve()
  const timer = setInterval(() => void (running = running.then(tryUpdate)), checkEveryMs)
  return {
    reload(others = files) {
      files = others
      trouble = null
      return (running = running.then(tryUpdate))
    },
    async [Symbol.asyncDispose]() {
      clearInterval(timer)
      await running
    },
  }
}

/** Throws what {@link openCertificates} would. */
export async function checkCertificates(files: readonly CertificateFiles[]): Promise<void> {
  for (const pair of files) check(await readPair(pair), pair, SILENT, Date.now())
}

const isSame = (some: readonly Certificate[], others: readonly Certificate[]): boolean =>
  some.length === others.length && some.every(({ chain, key }, index) => others[index]?.chain.equals(chain) && others[index].key.equals(key))

async function readPair({ certificate, key }: CertificateFiles): Promise<Certificate> {
  const read = (path: string): Promise<Buffer> =>
    readFile(path).catch((cause: unknown) => {
      throw new SwarmError('CONFIG_INVALID', `${path} cannot be read: ${messageOf(cause)}`, { cause })
    })
  const [chain, secret] = await Promise.all([read(certificate), read(key)])
  return { chain, key: secret }
}

/** Says which file is wrong, which the native module can't know. */
function check({ chain, key }: Certificate, { certificate: certificatePath, key: keyPath }: CertificateFiles, log: Log, now: number): void {
  const parse = <Parsed>(path: string, what: string, make: () => Parsed): Parsed => {
    try {
      return make()
    } catch (cause) {
      throw new SwarmError('CONFIG_INVALID', `${path} holds no ${what} in PEM: ${messageOf(cause)}`, { cause })
    }
  }
  const certificate = parse(certificatePath, 'certificate', () => new X509Certificate(chain))
  const secret = parse(keyPath, 'unencrypted private key', () => createPrivateKey(key))
  if (!certificate.checkPrivateKey(secret)) {
    throw new SwarmError('CONFIG_INVALID', `${keyPath} is not the private key of ${certificatePath}`)
  }
  const days = Math.floor((Date.parse(certificate.validTo) - now) / DAY_MS)
  const fields = { file: certificatePath, names: certificate.subjectAltName, until: certificate.validTo }
  if (days < 0) log.error('a certificate has expired', fields)
  else if (days < WARN_DAYS) log.warn(`a certificate expires in ${days} days`, fields)
}
