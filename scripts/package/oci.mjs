// An OCI image (image-spec 1.1) as a folder, made without a daemon: one layer of what the executable needs of a C library, from
// Debian's packages, and one of the executable.
import { createHash } from 'node:crypto'
import { copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { create } from 'tar'
import { run } from '../lib/run.mjs'
import { Stop } from '../lib/terminal.mjs'

/** libatomic and libgcc belong to libstdc++ here. */
const PACKAGES = ['libc6', 'libgcc-s1', 'gcc-12-base', 'libstdc++6', 'libatomic1', 'ca-certificates']
const USER = 65532
/** Layers are compared by their digests: the same files, the same bytes. */
const EPOCH = new Date(0)

const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex')

export const makeImage = async (target, executable, version, output) => {
  const work = `${output}.work`
  await rm(output, { recursive: true, force: true })
  await rm(work, { recursive: true, force: true })
  const blobs = join(output, 'blobs/sha256')
  await mkdir(blobs, { recursive: true })
  const base = join(work, 'base')
  await unpackDebian(target, base, join(work, 'debs'))
  const program = join(work, 'program')
  await mkdir(join(program, 'usr/bin'), { recursive: true })
  await copyFile(executable, join(program, 'usr/bin/swarmlambda'))
  await mkdir(join(program, 'etc'), { recursive: true })
  await writeFile(join(program, 'etc/passwd'), `swarmlambda:x:${USER}:${USER}::/data:/nonexistent\n`)
  await mkdir(join(program, 'data'), { recursive: true })

  const put = async (bytes, mediaType) => {
    const digest = sha256(bytes)
    await writeFile(join(blobs, digest), bytes)
    return { mediaType, digest: `sha256:${digest}`, size: bytes.length }
  }
  const layers = []
  const diffIds = []
  for (const folder of [base, program]) {
    const file = join(work, 'layer.tar.gz')
    const onWriteEntry = (entry) => {
      const owner = entry.path.startsWith('data') ? USER : 0
      Object.assign(entry.stat ?? {}, { uid: owner, gid: owner })
    }
    await create({ cwd: folder, file, gzip: { level: 6 }, portable: false, mtime: EPOCH, onWriteEntry, noPax: false }, (await readdir(folder)).sort())
    const bytes = await readFile(file)
    layers.push(await put(bytes, 'application/vnd.oci.image.layer.v1.tar+gzip'))
    diffIds.push(`sha256:${sha256(gunzipSync(bytes))}`)
  }
  const json = (value, mediaType) => put(Buffer.from(JSON.stringify(value)), mediaType)
  const config = await json(
    {
      architecture: target.oci,
      os: 'linux',
      created: EPOCH.toISOString(),
      config: {
        User: String(USER),
        WorkingDir: '/data',
        Entrypoint: ['/usr/bin/swarmlambda'],
        Cmd: ['edge'],
        Env: ['PATH=/usr/bin', 'HOME=/data', 'CACHE_DIRECTORY=/data/cache', 'SWARMLAMBDA_STATE_DIR=/data/edge', 'SWARMLAMBDA_HTTP_HOST=0.0.0.0'],
        ExposedPorts: { '8787/tcp': {}, '8443/tcp': {}, '47800/udp': {} },
        Volumes: { '/data': {} },
        StopSignal: 'SIGTERM',
        Labels: { 'org.opencontainers.image.title': 'swarmlambda', 'org.opencontainers.image.version': version, 'org.opencontainers.image.licenses': 'Apache-2.0' },
      },
      rootfs: { type: 'layers', diff_ids: diffIds },
      history: [{ created_by: `Debian's ${PACKAGES.join(', ')}` }, { created_by: 'npm run package' }],
    },
    'application/vnd.oci.image.config.v1+json',
  )
  const type = 'application/vnd.oci.image.manifest.v1+json'
  const manifest = await json({ schemaVersion: 2, mediaType: type, config, layers }, type)
  const platform = { architecture: target.oci, os: 'linux' }
  const annotations = { 'org.opencontainers.image.ref.name': version }
  await writeFile(join(output, 'index.json'), JSON.stringify({ schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json', manifests: [{ ...manifest, platform, annotations }] }))
  await writeFile(join(output, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}')
  await rm(work, { recursive: true })
}

/** Only what a program is loaded and linked with: no shell, no package manager. */
const unpackDebian = async (target, folder, debs) => {
  await mkdir(debs, { recursive: true })
  await mkdir(folder, { recursive: true })
  const names = PACKAGES.map((name) => (name === 'ca-certificates' ? name : `${name}:${target.deb}`))
  const { code, output } = await run('apt-get', ['download', '-q', ...names], { cwd: debs, collect: true })
  if (code !== 0) throw new Stop(`Debian's packages could not be downloaded (foreign architectures: dpkg --add-architecture ${target.deb} && apt-get update): ${output}`)
  for (const deb of await readdir(debs)) await run('dpkg', ['-x', join(debs, deb), folder])
  for (const unused of ['usr/share/doc', 'usr/share/lintian', 'usr/share/man', 'usr/sbin', 'usr/share/gcc', `usr/lib/${target.multiarch}/gconv`]) await rm(join(folder, unused), { recursive: true, force: true })
  await bundleCertificates(folder)
}

/** As update-ca-certificates would. */
const bundleCertificates = async (folder) => {
  const from = join(folder, 'usr/share/ca-certificates/mozilla')
  const names = (await readdir(from)).filter((name) => name.endsWith('.crt')).sort()
  const all = await Promise.all(names.map((name) => readFile(join(from, name), 'utf8')))
  await mkdir(join(folder, 'etc/ssl/certs'), { recursive: true })
  await writeFile(join(folder, 'etc/ssl/certs/ca-certificates.crt'), all.map((text) => (text.endsWith('\n') ? text : `${text}\n`)).join(''))
  await rm(join(folder, 'usr/share/ca-certificates'), { recursive: true })
}
