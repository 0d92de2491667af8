// npm run clients [-- boto3|aws-cli|sam|js|go|openapi]: drives the real clients of AWS Lambda against three edges, and an API
// fuzzer by what /openapi.json says. Installs them under .build/clients.
import { spawn } from 'node:child_process'
import { access, copyFile, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startMesh } from '../../dist/test/mesh/harness/edges.js'

const FOLDER = fileURLToPath(new URL('../../.build/clients', import.meta.url))
const here = (name) => fileURLToPath(new URL(name, import.meta.url))
const exists = (path) => access(path).then(() => true, () => false)

/** Shows what the program says; its exit code. */
const run = (command, args, options = {}) =>
  new Promise((resolve, reject) => {
    spawn(command, args, { stdio: 'inherit', ...options }).on('error', reject).on('close', resolve)
  })

async function must(command, args, options) {
  const code = await run(command, args, options)
  if (code !== 0) throw new Error(`${command} ${args.join(' ')}: exit ${code}`)
}

/** A Python environment with what a requirements file pins; its bin folder. */
async function python(name, requirements) {
  const bin = join(FOLDER, name, 'bin')
  if (!(await exists(join(bin, 'python')))) await must('python3', ['-m', 'venv', join(FOLDER, name)])
  await must(join(bin, 'python'), ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', here(requirements)])
  return bin
}
const awsPython = () => python('venv', 'requirements.txt')

const CLIENTS = {
  async boto3(urls) {
    return run(join(await awsPython(), 'python'), [here('python/main.py'), ...urls])
  },
  async 'aws-cli'(urls) {
    return run('bash', [here('aws_cli.sh'), await awsPython(), ...urls])
  },
  async sam(urls) {
    // It pins other versions of boto3.
    return run('bash', [here('sam.sh'), await python('sam', 'requirements-sam.txt'), ...urls])
  },
  async js(urls) {
    const folder = join(FOLDER, 'js')
    await mkdir(folder, { recursive: true })
    for (const file of ['package.json', 'package-lock.json']) await copyFile(here(`js/${file}`), join(folder, file))
    await must('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--silent'], { cwd: folder })
    return run(process.execPath, [here('js/lambda.mjs'), folder, ...urls])
  },
  async go(urls) {
    const binary = join(FOLDER, 'go-client')
    await must('go', ['build', '-o', binary, '.'], { cwd: here('go') })
    return run(binary, urls)
  },
  async openapi([url]) {
    const bin = await python('openapi-venv', 'openapi/requirements.txt')
    const code = "exports.handler = async (event) => event"
    await fetch(`${url}/functions`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ name: 'hello', files: { 'index.js': code } }) })
    return run(join(bin, 'schemathesis'), ['--config-file', here('openapi/schemathesis.toml'), 'run', `${url}/openapi.json`], { cwd: FOLDER })
  },
}

const [asked] = process.argv.slice(2)
if (asked !== undefined && !Object.hasOwn(CLIENTS, asked)) {
  console.error(`Usage: npm run clients [-- ${Object.keys(CLIENTS).join('|')}]`)
  process.exit(asked === '--help' ? 0 : 1)
}
await mkdir(FOLDER, { recursive: true })
let failed = false
for (const name of asked === undefined ? Object.keys(CLIENTS) : [asked]) {
  console.log(`\n${name}`)
  const mesh = await startMesh()
  try {
    failed = (await CLIENTS[name](Object.values(mesh.edges).map(({ url }) => url))) !== 0 || failed
  } finally {
    await mesh[Symbol.asyncDispose]()
  }
}
process.exitCode = failed ? 1 : 0
