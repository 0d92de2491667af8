// swarmlambda completion bash|zsh|fish: a script for the shell, which asks this program what may come next.
import { Argument, type Command } from 'commander'
import { openSession } from './edge-options.js'

const NAME = 'swarmlambda'

const SCRIPTS = {
  bash: `_${NAME}() {
  local IFS=$'\\n'
  COMPREPLY=($(compgen -W "$(${NAME} __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _${NAME} ${NAME}
`,
  zsh: `#compdef ${NAME}
_${NAME}() {
  local -a candidates
  candidates=("\${(@f)$(${NAME} __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  compadd -a candidates || _files
}
compdef _${NAME} ${NAME}
`,
  fish: `complete -c ${NAME} -a '(${NAME} __complete -- (commandline -opc)[2..] (commandline -ct) 2>/dev/null)'
`,
} as const

/** Commands whose first argument is a function. */
const OF_FUNCTIONS: ReadonlySet<string> = new Set(['invoke', 'rm', 'versions', 'rollback', 'logs'])
const GROUPS_OF_FUNCTIONS: ReadonlySet<string> = new Set(['alias'])

export function add(program: Command): void {
  program
    .command('completion')
    .description(`prints a script that completes commands, options and functions: source <(${NAME} completion bash)`)
    .addArgument(new Argument('<shell>').choices(Object.keys(SCRIPTS)))
    .action((shell: keyof typeof SCRIPTS) => void process.stdout.write(SCRIPTS[shell]))
  program
    .command('__complete', { hidden: true })
    .argument('[words...]')
    .allowUnknownOption()
    .action(async (words: string[]) => {
      const candidates = await candidatesOf(program, words)
      process.stdout.write(candidates.map((candidate) => `${candidate}\n`).join(''))
    })
}

async function candidatesOf(program: Command, words: readonly string[]): Promise<string[]> {
  const last = words.at(-1) ?? ''
  const before = words.slice(0, -1).filter((word) => !word.startsWith('-'))
  let command = program
  let depth = 0
  for (const word of before) {
    const next = command.commands.find((one) => one.name() === word)
    if (!next) break
    command = next
    depth += 1
  }
  const option = command.options.find(({ long, short }) => [long, short].includes(words.at(-2)))
  if (option?.argChoices) return option.argChoices.filter((choice) => choice.startsWith(last))
  if (last.startsWith('-')) return command.options.flatMap(({ long }) => (long ? [long] : [])).filter((option) => option.startsWith(last))
  if (command.commands.length > 0) return command.commands.map((one) => one.name()).filter((name) => !name.startsWith('_') && name.startsWith(last))
  const choices = command.registeredArguments[before.length - depth]?.argChoices
  if (choices) return choices.filter((choice) => choice.startsWith(last))
  const ofFunctions = OF_FUNCTIONS.has(command.name()) || GROUPS_OF_FUNCTIONS.has(command.parent?.name() ?? '')
  return ofFunctions && before.length === depth ? (await functionNames()).filter((name) => name.startsWith(last)) : []
}

/** Nobody waits longer for a Tab. */
const NAMES_MS = 5_000

/** None when no edge answers: completion is silent. */
async function functionNames(): Promise<string[]> {
  try {
    const { client } = await openSession({})
    const { functions } = await client.json<{ functions: { name: string }[] }>('GET', '/functions', null, AbortSignal.timeout(NAMES_MS))
    return functions.map(({ name }) => name)
  } catch {
    return []
  }
}
