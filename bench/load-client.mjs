// A load generator for machines without wrk: keep-alive connections, each with one request in flight.
import * as http from 'node:http'
import * as https from 'node:https'

const [, , urls, body, connections, seconds] = process.argv
const all = urls.split(' ')
const { Agent, request } = all[0].startsWith('https:') ? https : http
const agent = new Agent({ keepAlive: true, maxSockets: Number(connections), rejectUnauthorized: false })
const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
const end = performance.now() + Number(seconds) * 1e3
let turn = 0
const latencies = []
let errors = 0

const once = () =>
  new Promise((resolve) => {
    const started = performance.now()
    const call = request(all[turn++ % all.length], { method: 'POST', agent, headers }, (response) => {
      if (response.statusCode !== 200) errors += 1
      response.resume().on('end', () => {
        latencies.push(performance.now() - started)
        resolve()
      })
    })
    call.on('error', () => {
      errors += 1
      resolve()
    })
    call.end(body)
  })

const started = performance.now()
await Promise.all(
  Array.from({ length: Number(connections) }, async () => {
    while (performance.now() < end) await once()
  }),
)
const elapsed = (performance.now() - started) / 1e3
latencies.sort((a, b) => a - b)
const at = (share) => latencies[Math.floor((latencies.length - 1) * share)] ?? 0
const requests = latencies.length
console.log(JSON.stringify({ requests, errors, perSecond: requests / elapsed, p50Ms: at(0.5), p99Ms: at(0.99) }))
agent.destroy()
