// The load: wrk where it is installed, else a small client of our own, on a core that the server doesn't have.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from '../scripts/lib/run.mjs'
import { Stop } from '../scripts/lib/terminal.mjs'

const has = async (program) => {
  const { code } = await run(program, ['-v'], { collect: true }).catch(() => ({ code: null }))
  return code !== null
}

const wrk = async ({ urls, body, connections, pipeline, seconds, pin }) => {
  const folder = await mkdtemp(join(tmpdir(), 'swarmlambda-bench-'))
  try {
    const script = join(folder, 'post.lua')
    const paths = urls.map((url) => JSON.stringify(new URL(url).pathname)).join(', ')
    await writeFile(
      script,
      `wrk.method = "POST"
wrk.body = [[${body}]]
wrk.headers["content-type"] = "application/json"
local paths, requests, at = { ${paths} }, {}, 0
init = function()
  for _, path in ipairs(paths) do
    requests[#requests + 1] = string.rep(wrk.format(nil, path), ${pipeline})
  end
end
request = function()
  at = at % #requests + 1
  return requests[at]
end
done = function(summary, latency)
  io.write(string.format("RESULT %d %d %d %d %d\\n", summary.requests, summary.duration,
    summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout,
    latency:percentile(50), latency:percentile(99)))
end
`,
    )
    const args = [...pin, 'wrk', '-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '10s', '-s', script, urls[0]]
    const { output } = await run(args[0], args.slice(1), { collect: true })
    const numbers = /RESULT (\d+) (\d+) (\d+) (\d+) (\d+)/.exec(output)?.slice(1).map(Number)
    if (numbers === undefined) throw new Stop(`wrk said: ${output.trim()}`)
    const [requests, us, errors, p50, p99] = numbers
    return { requests, errors, perSecond: (requests * 1e6) / us, p50Ms: p50 / 1e3, p99Ms: p99 / 1e3 }
  } finally {
    await rm(folder, { recursive: true })
  }
}

const builtIn = async ({ urls, body, connections, pipeline, seconds, pin }) => {
  if (pipeline > 1) throw new Stop('pipelined requests need wrk: https://github.com/wg/wrk')
  const client = new URL('load-client.mjs', import.meta.url).pathname
  const args = [...pin, process.execPath, client, urls.join(' '), body, String(connections), String(seconds)]
  const { output, code } = await run(args[0], args.slice(1), { collect: true })
  if (code !== 0) throw new Stop(`the load client failed: ${output.trim()}`)
  return JSON.parse(output)
}

/** `{ name, load({ urls, body, connections, pipeline, seconds, pin }) }`; `pin` is a command that others are run under. */
export const chooseLoad = async () => ((await has('wrk')) ? { name: 'wrk', load: wrk } : { name: 'a Node client', load: builtIn })
