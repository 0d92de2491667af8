// Calls and constructs everything reachable from `roots` with odd values, in an order that `seed` decides. Answers how often.
module.exports = async (roots, seed = 1) => {
  const random = (n) => { seed = (Math.imul(seed, 1664525) + 1013904223) | 0; return (seed >>> 8) % n }
  const detached = () => { const bytes = new Uint8Array(16); bytes.buffer.transfer(); return bytes }
  const shrinking = () => new Uint8Array(new ArrayBuffer(16, { maxByteLength: 64 }))
  const shrunk = () => { const buffer = new ArrayBuffer(64, { maxByteLength: 64 }); const bytes = new Uint8Array(buffer, 32, 16); buffer.resize(8); return bytes }
  const revoked = () => { const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); return proxy }
  const odd = [
    () => undefined, () => null, () => true, () => NaN, () => -1, () => -0, () => 0.5, () => 2 ** 31, () => 2 ** 32, () => -(2 ** 31) - 1, () => 2 ** 53, () => Infinity,
    () => 1n, () => -(2n ** 70n), () => '', () => 'sha256', () => 'utf8', () => '\ud800', () => 'x'.repeat(1000), () => '\u0000', () => 'AES-GCM', () => 'http://a/%zz',
    () => Symbol('s'), () => ({}), () => [], () => Object.create(null), () => () => {}, () => new Uint8Array(7), () => Buffer.from('abc'), () => new ArrayBuffer(9), detached, shrinking, shrunk,
    () => new DataView(new ArrayBuffer(3)), () => new Float64Array(3), () => new Date(NaN), () => /x/y, () => new Map([[1, 2]]), () => new Error('e'), revoked,
    () => new Proxy([], {}), () => ({ length: 2 ** 31, 0: 1 }), () => ({ length: -1 }), () => ({ toString() { throw new Error('odd') } }), () => ({ valueOf: () => 1e9 }), () => Promise.resolve(1),
    () => ({ name: 'AES-GCM', iv: detached(), length: 256, hash: 'SHA-256', counter: new Uint8Array(16), salt: shrunk(), iterations: 1, info: new Uint8Array(1) }),
    () => ({ name: 'ECDSA', namedCurve: 'P-256', hash: { name: 'SHA-1' } }), () => ({ name: 'HMAC', hash: 'SHA-512' }), () => ['sign', 'verify'], () => 'raw', () => 'pkcs8', () => '/tmp/a', () => 3,
  ]
  const value = () => odd[random(odd.length)]()
  // What would spend the time-out on what is tested elsewhere, or end the test.
  const left = new Set('exit abort kill reallyExit generateKeyPairSync generateKeyPair generateKey generatePrime generatePrimeSync checkPrime scrypt scryptSync pbkdf2 pbkdf2Sync setInterval eval Function'.split(' '))
  const targets = []
  const seen = new Set()
  const collect = (owner, depth) => {
    if ((typeof owner !== 'object' && typeof owner !== 'function') || owner === null || seen.has(owner) || depth > 3) return
    seen.add(owner)
    for (const key of Reflect.ownKeys(owner)) {
      const descriptor = Object.getOwnPropertyDescriptor(owner, key)
      if (left.has(key) || key === 'constructor') continue
      for (const part of [descriptor.value, descriptor.get, descriptor.set]) {
        if (typeof part === 'function') targets.push([part, owner])
        if (part !== globalThis) collect(part, depth + 1)
      }
    }
  }
  collect(roots, 0)
  let calls = 0
  const until = Date.now() + 400
  const pending = []
  const attempt = (work) => {
    calls++
    try {
      const result = work()
      if (result && typeof result === 'object' && !seen.has(result) && calls % 7 === 0) {
        // Methods of what came back, on itself.
        for (let p = result, n = 0; p && n < 3; p = Object.getPrototypeOf(p), n++) {
          for (const key of Reflect.ownKeys(p).slice(0, 40)) if (!left.has(key) && key !== 'constructor') try { const f = result[key]; if (typeof f === 'function') { calls++; note(f.call(result, value(), value(), value())) } } catch {}
        }
      }
      note(result)
    } catch {}
  }
  const note = (result) => { if (result instanceof Promise) { result.catch(() => {}); if (pending.length < 1000) pending.push(result) } }
  const { call } = Function.prototype
  const { apply, construct } = Reflect
  void call
  while (Date.now() < until && calls < 20000) {
    const [target, owner] = targets[random(targets.length)]
    const values = Array.from({ length: random(6) }, value)
    if (random(4) === 0) attempt(() => construct(target, values))
    else attempt(() => apply(target, random(3) === 0 ? value() : owner, values))
  }
  return calls > 0
}
