// Every command of the README and of docs/ is run, on the ports that they name, in a network of its own; what they say that
// it prints is compared. blocks.ts says how a page marks what can't be run.
import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { cannotUnshare, unshareCommand } from '../mesh/harness/namespace.js'
import { ROOT, runToEnd } from '../mesh/harness/processes.js'
import { pageOf, quoted, type Page } from './blocks.js'

/** The few that need what a test can't have: a resolver of the system, an hour of compiling. */
const MOST_NOT_RUN = 12
const MOST_MS = 240_000

/** `run TEXT EXPECTED`: runs it in this shell and says whether it failed, or printed something else. */
const PREAMBLE = String.raw`
set -u
ip link set lo up
shopt -s expand_aliases
export PATH="$HERE/path:$PATH" NO_COLOR=1
at() { WHERE="$1"; }
curl() { command curl --fail-with-body -sS "$@"; }
run() {
  local status
  { eval "$1"; } > "$HERE/out" 2>&1 < /dev/null
  status=$?
  if [ $status -ne 0 ]; then echo "@@ $WHERE: exit $status of: $1"; cat "$HERE/out"; echo; fi
  node "$HERE/compare.mjs" "$2" "$HERE/out" || echo "@@ $WHERE: printed something else than it says: $1"
}
node "$ROOT/dist/test/docs/mesh-process.js" "$HERE/state" > mesh.log 2>&1 &
MESH=$!
trap 'kill $MESH 2>/dev/null; wait $MESH' EXIT
for _ in $(seq 600); do grep -q 'mesh is ready' mesh.log && break; kill -0 $MESH || { cat mesh.log; exit 1; }; sleep 0.1; done
`

/** Each line that is stated is somewhere in the output, in that order. */
const COMPARE = String.raw`
import { readFileSync } from 'node:fs'
const [stated, file] = process.argv.slice(2)
const output = readFileSync(file, 'utf8').replaceAll('\r', '')
const pattern = stated.split('\n').map((line) => line.trim().split('…').map((part) => part.replace(/[.*+?^$()|[\]{}\\]/g, '\\$&').replace(/ +/g, ' +')).join('.*')).join('[^]*')
if (stated !== '' && !new RegExp(pattern).test(output)) { console.log('stated:  ' + stated + '\nprinted: ' + output); process.exit(1) }
`

let folder = ''
let pages: Page[] = []
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'swarm-'))
  const names = (await readdir(join(ROOT, 'docs'))).filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`)
  pages = await Promise.all(['README.md', ...names.sort()].map(async (path) => pageOf(path, await readFile(join(ROOT, path), 'utf8'))))
})
after(() => rm(folder, { recursive: true, force: true }))

describe('the documentation', () => {
  test('shows commands that work, and what they print', { skip: cannotUnshare(), timeout: MOST_MS + 20_000 }, async () => {
    await mkdir(join(folder, 'path'))
    await symlink(join(ROOT, 'bin/swarmlambda.js'), join(folder, 'path/swarmlambda'))
    await writeFile(join(folder, 'compare.mjs'), COMPARE)
    const parts = await Promise.all(pages.filter(({ run }) => run > 0).map(async ({ path, script }, index) => {
      // As in the repository's root, which the commands begin in; what they write stays apart.
      const own = join(folder, `page-${index}`)
      await mkdir(own)
      for (const name of ['bin', 'dist', 'package.json']) await symlink(join(ROOT, name), join(own, name))
      return `cd ${quoted(own)}\nat ${quoted(path)}\n${script}`
    }))
    await writeFile(join(folder, 'docs.sh'), `${PREAMBLE}\n${parts.join('\n')}\necho "@@ end"\n`)
    const [command = '', ...args] = unshareCommand() ?? []
    const { output } = await runToEnd(command, [...args, 'bash', join(folder, 'docs.sh')], { cwd: folder, env: { HERE: folder, ROOT: ROOT.replace(/\/$/, '') }, timeoutMs: MOST_MS })
    const said = output.split('@@ ').slice(1)
    assert.deepEqual(said.map((line) => line.trim()), ['end'], output)
  })

  test('says of the few commands that are not run why', () => {
    const all = pages.flatMap(({ notRun, path }) => notRun.map((why) => `${path}: ${why}`))
    assert.ok(all.length <= MOST_NOT_RUN, all.join('\n'))
    assert.ok(pages.flatMap(({ notRun }) => notRun).every((why) => why.length > 10))
    assert.ok(pages.reduce((sum, { run }) => sum + run, 0) > 10)
  })

  test('links to what is there', async () => {
    for (const { path } of pages) {
      const text = (await readFile(join(ROOT, path), 'utf8')).replaceAll(/^```[^]*?^```$/gm, '')
      for (const [, target = ''] of text.matchAll(/\]\(([^)#\s]+)[^)]*\)/g)) {
        if (/^\w+:/.test(target)) continue
        await assert.doesNotReject(readFile(join(ROOT, path, '..', target)).catch((error: NodeJS.ErrnoException) => (error.code === 'EISDIR' ? null : Promise.reject(error))), `${path} links to ${target}`)
      }
    }
  })
})
