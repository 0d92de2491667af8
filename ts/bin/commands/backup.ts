// swarmlambda backup and restore: an edge's state directory as one file.
import type { Command } from 'commander'
import { backUp, restore } from '../../lib/backup.js'
import { loadSettings, parseEdgeConfig } from '../../lib/config.js'
import { openOutput } from './output.js'

export function add(program: Command): void {
  program
    .command('backup')
    .description('writes the state directory of an edge that does not run to an archive; it holds secrets')
    .argument('<file>', 'the archive, such as edge-a.tar.gz')
    .option('--state-dir <path>', 'default: as the edge has it')
    .action(async (file: string, { stateDir }: { stateDir?: string }) => {
      const folder = stateDir ?? (await stateDirOf())
      await backUp(folder, file)
      openOutput().say(`${folder} is in ${file}`)
    })
  program
    .command('restore')
    .description('makes a state directory from an archive; the edge begins a new log, and learns the rest from its peers')
    .argument('<file>', 'an archive that backup wrote')
    .option('--state-dir <path>', 'default: as the edge has it')
    .action(async (file: string, { stateDir }: { stateDir?: string }) => {
      const folder = stateDir ?? (await stateDirOf())
      await restore(file, folder)
      openOutput().say(`${folder} is as it was in ${file}`)
    })
}

const stateDirOf = async (): Promise<string> => parseEdgeConfig((await loadSettings(process.env)).values).stateDir
