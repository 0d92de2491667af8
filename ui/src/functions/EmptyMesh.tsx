// What to do next on a mesh without functions.
import { invoke } from '../invocations/api.ts'
import { usePage } from '../mesh/context.ts'
import { Problem } from '../parts/Problem.tsx'
import { useTask } from '../parts/use-task.ts'
import { WriteButton } from '../parts/WriteButton.tsx'
import { SAMPLE } from '../sample.ts'
import { deploy } from './api.ts'

/** Enough to see it on the map for a few seconds. */
const SAMPLE_REQUESTS = 30
const SAMPLE_EVERY_MS = 150

export function EmptyMesh() {
  const { snapshot, go } = usePage()
  const task = useTask(async () => {
    const { name } = await deploy(SAMPLE)
    go({ page: 'function', name, tab: 'overview' })
    await sendTraffic(name)
  })
  const alone = snapshot.edges.filter((edge) => edge.state === 'up').length < 2
  return (
    <div className="empty">
      <h2>No functions yet</h2>
      <p>Deploy one on any edge and every edge of the mesh gets it. Requests run on the nearest edge and move to the next when it fails.</p>
      <div className="actions">
        <WriteButton className="primary" disabled={task.busy} onClick={task.run}>
          {task.busy ? 'Deploying…' : 'Deploy a sample and send traffic'}
        </WriteButton>
        <WriteButton onClick={() => go({ page: 'deploy' })}>Write your own</WriteButton>
      </div>
      <Problem error={task.error} />
      <h3>Or from a terminal</h3>
      <pre className="command" tabIndex={0} aria-label="Command to deploy">{`curl -X POST ${new URL('functions', document.baseURI).href} \\
  -H 'content-type: application/json' \\
  -d '{"name":"hello","handler":"index.handler",
       "files":{"index.js":"exports.handler = async (e) => e"}}'`}</pre>
      {alone && <>
        <h3>One edge so far</h3>
        <p>Start another from the same folder and it joins by itself within a second:</p>
        <pre className="command" tabIndex={0} aria-label="Command to start an edge">{`SWARMLAMBDA_NODE_NAME=edge-b \\
SWARMLAMBDA_REGION=us-east-iad \\
SWARMLAMBDA_HTTP_PORT=8788 \\
SWARMLAMBDA_STATE_DIR=.swarm-lambda/${snapshot.cluster}/edge-b \\
node bin/edge.js`}</pre>
      </>}
    </div>
  )
}

async function sendTraffic(name: string): Promise<void> {
  for (let sent = 0; sent < SAMPLE_REQUESTS; sent++) {
    await invoke(name, JSON.stringify({ name: `request ${sent + 1}` }))
    await new Promise((resolve) => setTimeout(resolve, SAMPLE_EVERY_MS))
  }
}
