// swarmlambda init [dir]: a project to begin with, from templates/.
import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Option, type Command } from 'commander'
import { SwarmError } from '../../lib/errors.js'
import { withJson } from './edge-options.js'
import { openOutput } from './output.js'

const here = (path: string): string => fileURLToPath(new URL(`../../../${path}`, import.meta.url))

const TEMPLATES = {
  hello: 'one JavaScript file',
  typescript: 'TypeScript, with types of events and the context',
  'http-api': 'an HTTP API with hono, and routes to it',
  cron: 'a function that a schedule calls every minute',
} as const
type Template = keyof typeof TEMPLATES

/** Where `swarmlambda dev` and `npm start` serve it. */
const SCHEMA_URL = 'http://127.0.0.1:8790/swarmlambda.schema.json'
const TYPES_FILE = 'swarmlambda.d.ts'

interface InitOptions {
  template: Template
  name?: string
  force?: boolean
  json?: boolean
}

export function add(program: Command): void {
  const list = Object.entries(TEMPLATES).map(([name, about]) => `  ${name.padEnd(12)} ${about}`).join('\n')
  withJson(program.command('init').description('writes a project to begin with'))
    .argument('[dir]', 'where to', '.')
    .addOption(new Option('-t, --template <name>', 'which one').choices(Object.keys(TEMPLATES)).default('hello'))
    .option('-n, --name <name>', 'of the function (default: of the folder)')
    .option('--force', 'write over files that are there')
    .addHelpText('after', `\nTemplates:\n${list}`)
    .action(init)
}

async function init(dir: string, { force, json, name, template }: InitOptions): Promise<void> {
  const { paint, say, show } = openOutput(json)
  const folder = resolve(dir)
  const own = name ?? basename(folder).normalize('NFKD').replace(/[^a-zA-Z0-9_-]+/g, '-').replace(/^-+|-+$/g, '').slice(0, 64)
  if (!/^[a-zA-Z0-9_-]{1,64}$/.test(own)) throw new SwarmError('CONFIG_INVALID', `--name ${JSON.stringify(own)}: must be 1 to 64 letters, digits, - or _`)
  const source = here(`templates/${template}`)
  const files = (await readdir(source, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile()).map((entry) => relative(source, join(entry.parentPath, entry.name)))
  const isTyped = files.includes('tsconfig.json')
  const written = [...files, ...(isTyped ? [TYPES_FILE] : [])].sort()
  const there = new Set(await readdir(folder, { recursive: true }).catch(() => []))
  const taken = written.filter((file) => there.has(file))
  if (taken.length > 0 && !force) throw new SwarmError('CONFIG_INVALID', `${taken.join(', ')} ${taken.length === 1 ? 'is' : 'are'} there already: choose another folder, or --force to write over them`)

  for (const file of files) {
    const text = await readFile(join(source, file), 'utf8')
    await mkdir(dirname(join(folder, file)), { recursive: true })
    await writeFile(join(folder, file), text.replaceAll('__NAME__', own).replaceAll('__SCHEMA__', SCHEMA_URL))
  }
  // The package may not be installed where functions are written: its types come along.
  if (isTyped) await copyFile(here('types/index.d.ts'), join(folder, TYPES_FILE))

  for (const file of written) say(`${paint.green('+')} ${join(dir, file)}`)
  const steps = [...(dir === '.' ? [] : [`cd ${quoted(dir)}`]), ...(files.includes('package.json') ? ['npm install'] : []), 'swarmlambda dev']
  say(`\nNext: ${steps.map((step) => paint.bold(step)).join(', then ')}`)
  if (json) show({ template, name: own, folder, files: written, next: steps }, () => '')
}

/** As a shell reads it back. */
const quoted = (path: string): string => (/^[\w./~-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`)
