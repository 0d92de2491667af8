// What to do next on a mesh without functions.
import type { ClusterSnapshot } from '../../../ts/lib/snapshot.ts'
import { deploy } from '../mesh/api.ts'
import { useTask } from '../parts/use-task.ts'
import { SAMPLE } from '../sample.ts'
import { Problem } from './Problem.tsx'

interface Props {
  snapshot: ClusterSnapshot
  onInvoke(name: string): void
  onDeploy(): void
}

export function EmptyMesh({ snapshot, onInvoke, onDeploy }: Props) {
  const task = useTask(async () => {
    const deployed = await deploy(SAMPLE)
    onInvoke(deployed.name)
  })
  const alone = snapshot.edges.filter((edge) => edge.state === 'up').length < 2
  return (
    <div className="empty">
      <h2>No functions yet</h2>
      <p>Deploy one on any edge and every edge of the mesh gets it. Requests run on the nearest edge and move to the next when it fails.</p>
      <div className="actions">
        <button type="button" className="primary" disabled={task.busy} onClick={task.run}>
          {task.busy ? 'Deploying…' : 'Deploy a sample'}
        </button>
        <button type="button" onClick={onDeploy}>Write your own</button>
      </div>
      <Problem error={task.error} onToken={task.run} />
      {alone && <>
        <h3>One edge so far</h3>
        <p>Start another from the same folder and it joins by itself within a second:</p>
        <pre className="command" tabIndex={0} aria-label="Command">{`SWARMLAMBDA_NODE_NAME=edge-b \\
SWARMLAMBDA_REGION=us-east-iad \\
SWARMLAMBDA_HTTP_PORT=8788 \\
SWARMLAMBDA_STATE_DIR=.swarm-lambda/${snapshot.cluster}/edge-b \\
node bin/edge.js`}</pre>
      </>}
    </div>
  )
}
