// Keeps a mesh at what an author's folder says: the functions whose code or settings changed are deployed, those that are
// gone are deleted.
import type { Client } from '../client.js'
import { deployFunction, deployRoutes, deploySchedules, type Deployed } from '../project/deploy.js'
import { openProject, type FunctionToDeploy, type Project } from '../project/project.js'

export interface Redeployed {
  deployed: Deployed[]
  deleted: string[]
  project: Project
}

/** Deploys what differs from the last time; call it one at a time. Throws what is wrong with the folder or its code. */
export function openRedeploy(client: () => Promise<Client>, path: string): () => Promise<Redeployed> {
  const there = new Map<string, string>()
  let others = ''
  return async () => {
    const project = await openProject(path)
    const edge = await client()
    const built = await Promise.all(project.functions.map(async (fn) => ({ fn, code: await fn.code() })))
    const deployed: Deployed[] = []
    for (const { code, fn } of built) {
      const print = JSON.stringify([fn.settings, code])
      if (there.get(fn.name) === print) continue
      const ready: FunctionToDeploy = { ...fn, code: () => Promise.resolve(code) }
      deployed.push(await deployFunction(edge, ready))
      there.set(fn.name, print)
    }
    const deleted = [...there.keys()].filter((name) => !project.functions.some((fn) => fn.name === name))
    for (const name of deleted) {
      await edge.call('DELETE', `/functions/${encodeURIComponent(name)}`)
      there.delete(name)
    }
    const print = JSON.stringify([project.routes, project.schedules])
    if (print !== others) {
      await deployRoutes(edge, project)
      await deploySchedules(edge, project)
    }
    others = print
    return { deployed, deleted, project }
  }
}
