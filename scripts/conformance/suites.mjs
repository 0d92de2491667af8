// Gets the suites: from Debian's archive of sources, pinned by digest, into .build/conformance; or from a checkout that is named.
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { access, mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const CACHE = fileURLToPath(new URL('../../.build/conformance', import.meta.url))

/** Debian keeps a copy of each suite inside the sources of an engine. `WPT_DIR` and `TEST262_DIR` name another. */
const SUITES = {
  wpt: {
    variable: 'WPT_DIR',
    what: 'web-platform-tests as in Firefox 140.12 (a download of 680 MB)',
    url: 'http://deb.debian.org/debian/pool/main/f/firefox-esr/firefox-esr_140.12.0esr.orig.tar.xz',
    sha256: '5c72347381233dcc97cbd02c0324116258769d8b9b0f869fd0c6f1d59519ce2a',
    inside: 'firefox-140.12.0/testing/web-platform/tests',
    parts: ['common', 'resources', 'interfaces', 'url', 'urlpattern', 'encoding', 'streams', 'compression', 'fetch/api', 'html/webappapis', 'WebCryptoAPI', 'dom', 'FileAPI', 'console', 'hr-time', 'user-timing', 'performance-timeline', 'webmessaging', 'mimesniff', 'xhr/formdata'],
  },
  test262: {
    variable: 'TEST262_DIR',
    what: 'Test262 as in SpiderMonkey 128',
    url: 'http://deb.debian.org/debian/pool/main/m/mozjs128/mozjs128_128.14.0.orig.tar.xz',
    sha256: '41cca35149710ce45fbabc5fefcf86a01fdf833fdb783941964fca3a55fb72dd',
    inside: 'firefox-128.14.0/js/src/tests/test262',
  },
}

const exists = (path) => access(path).then(() => true, () => false)

async function digestOf(path) {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex')
}

/** The folder of a suite, downloaded and unpacked if need be, and what to call it. */
export async function suite(name) {
  const { variable, what, url, sha256, inside, parts } = SUITES[name]
  if (process.env[variable]) return { folder: process.env[variable], what: `${name} from ${variable}` }
  const folder = join(CACHE, name)
  if (await exists(folder)) return { folder, what }
  await mkdir(CACHE, { recursive: true })
  const archive = join(CACHE, `${name}.tar.xz`)
  console.error(`${name}: downloading ${url}`)
  const response = await fetch(url)
  if (!response.ok) throw new Error(`${url}: ${response.status}. Name a checkout with ${variable}.`)
  await pipeline(Readable.fromWeb(response.body), createWriteStream(archive))
  const digest = await digestOf(archive)
  if (digest !== sha256) throw new Error(`${url} has the SHA-256 ${digest}, expected ${sha256}`)
  console.error(`${name}: unpacking`)
  const unpacked = join(CACHE, `${name}.new`)
  await rm(unpacked, { recursive: true, force: true })
  await mkdir(unpacked)
  await run('tar', ['xf', archive, '-C', unpacked, `--strip-components=${inside.split('/').length}`, ...(parts?.map((part) => `${inside}/${part}`) ?? [inside])])
  await rename(unpacked, folder)
  await rm(archive)
  return { folder, what }
}
