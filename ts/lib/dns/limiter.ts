// Response rate limiting: a forged sender must not have its answers multiplied here. Each network has so many answers a second
// over UDP; of those beyond, every other is "ask again over TCP", which a real client can, and the rest are not answered.
import { isIPv6 } from 'node:net'
import { isLoopback } from '../addresses.js'

export type Verdict = 'answer' | 'truncate' | 'drop'

interface Bucket {
  left: number
  at: number
  over: number
}

/** A burst of so many seconds' worth is fine. */
const BURST_SECONDS = 2
/** Networks remembered; the oldest are forgotten, and begin anew. */
const MAX_NETWORKS = 20_000

/** `perSecond`: answers for one network (IPv4 /24, IPv6 /56); 0: no limit. This machine has none. `clock`: milliseconds. */
export const createLimiter = (perSecond: number, clock: () => number): ((address: string) => Verdict) => {
  const buckets = new Map<string, Bucket>()
  const most = perSecond * BURST_SECONDS

  return (address) => {
    if (perSecond === 0 || isLoopback(address)) return 'answer'
    const network = networkOf(address)
    const now = clock()
    const bucket = buckets.get(network) ?? { left: most, at: now, over: 0 }
    // Used last, forgotten last.
    buckets.delete(network)
    buckets.set(network, bucket)
    if (buckets.size > MAX_NETWORKS) {
      const { value } = buckets.keys().next()
      if (value !== undefined) buckets.delete(value)
    }
    bucket.left = Math.min(most, bucket.left + ((now - bucket.at) / 1_000) * perSecond)
    bucket.at = now
    if (bucket.left >= 1) {
      bucket.left -= 1
      return 'answer'
    }
    bucket.over += 1
    return bucket.over % 2 === 0 ? 'truncate' : 'drop'
  }
}

const networkOf = (address: string): string => {
  if (!isIPv6(address)) return address.slice(0, address.lastIndexOf('.'))
  const [head = '', tail = ''] = address.split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail === '' ? [] : tail.split(':')
  const groups = address.includes('::') ? [...left, ...Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0'), ...right] : left
  // 56 bits: three groups and the upper half of the fourth.
  const fourth = Number.parseInt(groups[3] ?? '0', 16) >> 8
  return `${groups.slice(0, 3).join(':')}:${fourth}`
}
