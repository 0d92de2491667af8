// The calls used of packages that ship no types. Versions are exact in package.json: check here when they change.

declare module 'hyperdht' {
  import type { SecretStream } from '@hyperswarm/secret-stream'

  export interface KeyPair {
    publicKey: Buffer
    secretKey: Buffer
  }
  export interface Address {
    host: string
    port: number
  }
  export default class HyperDHT {
    /** `firewalled: false`: peers reach its socket without a hole being punched. */
    constructor(options?: { bootstrap?: (Address | string)[] | undefined; host?: string; port?: number; firewalled?: boolean })
    static keyPair(seed?: Buffer): KeyPair
    /** Whether the network answered. */
    readonly bootstrapped: boolean
    bind(): Promise<void>
    localAddress(): Address | null
    connect(publicKey: Buffer, options: { keyPair: KeyPair; relayAddresses: Address[] }): SecretStream
    destroy(options?: { force?: boolean }): Promise<void>
  }
}

declare module 'hyperdht/testnet.js' {
  import type { Address } from 'hyperdht'

  export interface Testnet {
    bootstrap: Address[]
    destroy(): Promise<void>
  }
  export default function createTestnet(size: number): Promise<Testnet>
}

declare module '@hyperswarm/secret-stream' {
  import type { Duplex } from 'node:stream'
  import type { KeyPair } from 'hyperdht'

  /** A streamx duplex; the events named here are the ones used. */
  export interface SecretStream extends Duplex {
    readonly isInitiator: boolean
    readonly publicKey: Buffer
    readonly remotePublicKey: Buffer
    readonly handshakeHash: Buffer
    readonly rawBytesRead: number
    readonly rawStream: { readonly remoteHost: string; readonly remotePort: number; write(data: Buffer): boolean } | null
  }
  /** Over any duplex: `raw` of both sides joined, one of them the initiator. */
  const NoiseSecretStream: new (isInitiator: boolean, raw: Duplex, options: { keyPair: KeyPair }) => SecretStream
  export default NoiseSecretStream
}

declare module 'hyperswarm' {
  import type { EventEmitter } from 'node:events'
  import type { SecretStream } from '@hyperswarm/secret-stream'
  import type HyperDHT from 'hyperdht'
  import type { Address, KeyPair } from 'hyperdht'

  export interface PeerDiscovery {
    refresh(options?: { client?: boolean; server?: boolean }): Promise<boolean>
    destroy(): Promise<void>
  }
  export default class Hyperswarm extends EventEmitter<{ connection: [SecretStream] }> {
    constructor(options: { keyPair: KeyPair; dht: HyperDHT; maxClientConnections?: number })
    readonly dht: HyperDHT
    /** Seen on the topic: public key in hex → where. */
    readonly peers: Map<string, { publicKey: Buffer; relayAddresses: Address[] | null }>
    join(topic: Buffer, options: { client: boolean; server: boolean }): PeerDiscovery
    listen(): Promise<unknown>
    destroy(options?: { force?: boolean }): Promise<void>
  }
}

declare module 'compact-encoding' {
  export interface Encoding<T> {
    preencode(state: unknown, value: T): void
    encode(state: unknown, value: T): void
    decode(state: unknown): T
  }
  const encodings: {
    array<T>(of: Encoding<T>): Encoding<T[]>
    fixed32: Encoding<Buffer>
    buffer: Encoding<Buffer>
    raw: Encoding<Buffer>
    uint: Encoding<number>
    string: Encoding<string>
  }
  export default encodings
}

declare module 'protomux' {
  import type { SecretStream } from '@hyperswarm/secret-stream'
  import type { Encoding } from 'compact-encoding'

  export interface Message<T> {
    /** False when the stream's buffer is full. */
    send(value: T): boolean
  }
  export interface Channel<H> {
    readonly opened: boolean
    readonly closed: boolean
    open(handshake: H): void
    close(): void
    addMessage<T>(options: { encoding: Encoding<T>; onmessage: (value: T) => void }): Message<T>
  }
  export default class Protomux {
    static from(stream: SecretStream): Protomux
    /** From here to `uncork` everything is sent in one batch. */
    cork(): void
    uncork(): void
    /** Null when the stream is destroyed or the channel is already there. */
    createChannel<H>(options: {
      protocol: string
      handshake?: Encoding<H>
      onopen?: (handshake: H) => void
      onclose?: (isRemote: boolean) => void
    }): Channel<H> | null
  }
}

declare module 'hypercore' {
  import type { EventEmitter } from 'node:events'

  export interface Download {
    done(): Promise<unknown>
    destroy(): void
  }
  export interface GetOptions {
    /** Ask peers for it; else null when it isn't here. */
    wait?: boolean
    /** ms. */
    timeout?: number
  }
  export default class Hypercore extends EventEmitter<{ append: []; download: []; truncate: [] }> {
    readonly key: Buffer
    readonly length: number
    readonly byteLength: number
    readonly writable: boolean
    readonly closing: Promise<void> | null
    /** What all sessions of one core share: an internal of this exact version. */
    readonly core: {
      readonly discoveryKey: Buffer
      readonly state: { readonly storage: { readonly core: unknown } }
      close(): Promise<void>
    }
    ready(): Promise<void>
    append(blocks: Buffer | Buffer[]): Promise<unknown>
    get(index: number, options?: GetOptions): Promise<Buffer | null>
    has(start: number, end?: number): Promise<boolean>
    /** Takes these blocks off the disk; they can be downloaded again. */
    clear(start: number, end: number): Promise<unknown>
    download(range: { start: number; end: number; linear?: boolean }): Download
    close(): Promise<void>
  }
}

declare module 'rache' {
  /** A cache that evicts at random. */
  export default class Rache {
    constructor(options: { maxSize: number })
  }
}

declare module 'hypercore-storage' {
  export default class HypercoreStorage {
    /** `writeBufferSize`: bytes that RocksDB collects in memory before it writes a table. */
    constructor(directory: string, options: { writeBufferSize: number })
    close(): Promise<void>
  }
}

declare module 'corestore' {
  import type Hypercore from 'hypercore'
  import type HypercoreStorage from 'hypercore-storage'
  import type Rache from 'rache'
  import type { SecretStream } from '@hyperswarm/secret-stream'

  export default class Corestore {
    /**
     * `globalCache`: what all Hyperbees of the store keep of their nodes. `primaryKey`: what the keys of named cores follow
     * from, random otherwise; only with `unsafe`.
     */
    constructor(storage: string | HypercoreStorage, options?: { globalCache?: Rache; primaryKey?: Buffer; unsafe?: boolean })
    readonly storage: {
      /** `pointer`: a core's storage knows it. */
      deleteCore(pointer: unknown): Promise<void>
    }
    readonly cores: { readonly map: Map<string, unknown> }
    ready(): Promise<void>
    get(options: { name: string; active?: boolean } | { key: Buffer; active?: boolean } | { discoveryKey: Buffer; active?: boolean }): Hypercore
    /** Discovery keys of all cores. */
    list(): AsyncIterable<Buffer>
    replicate(stream: SecretStream): NodeJS.EventEmitter
    close(): Promise<void>
  }
}

declare module 'hyperbee' {
  import type Hypercore from 'hypercore'

  export interface Entry<V> {
    seq: number
    key: string
    value: V
  }
  export interface Batch {
    put(key: string, value: unknown): Promise<void>
    del(key: string): Promise<void>
    flush(): Promise<void>
    /** The entry that was written with that block; its value is null for a deletion. */
    getBySeq(seq: number): Promise<{ key: string; value: unknown }>
    close(): Promise<void>
  }
  export default class Hyperbee {
    constructor(core: Hypercore, options: { keyEncoding: 'utf-8'; valueEncoding: 'json'; extension?: boolean })
    readonly version: number
    readonly core: Hypercore
    ready(): Promise<void>
    get(key: string): Promise<Entry<unknown> | null>
    batch(): Batch
    close(): Promise<void>
  }
}

declare module 'hyperblobs' {
  import type Hypercore from 'hypercore'
  import type { GetOptions } from 'hypercore'

  export interface BlobId {
    blockOffset: number
    blockLength: number
    byteOffset: number
    byteLength: number
  }
  export default class Hyperblobs {
    constructor(core: Hypercore)
    put(content: Buffer): Promise<BlobId>
    get(id: BlobId, options?: GetOptions): Promise<Buffer | null>
  }
}

declare module 'multicast-dns' {
  import type { EventEmitter } from 'node:events'
  import type { Answer, Question } from 'dns-packet'
  import type { RemoteInfo } from 'node:dgram'

  interface Packet {
    questions: Question[]
    answers: Answer[]
  }
  interface MulticastDns extends EventEmitter<{
    query: [Packet, RemoteInfo]
    response: [Packet, RemoteInfo]
    ready: []
    error: [Error]
    warning: [Error]
  }> {
    query(questions: Question[], callback?: (error?: Error | null) => void): void
    respond(packet: { answers: Answer[] }, callback?: (error?: Error | null) => void): void
    destroy(callback?: () => void): void
  }
  export default function multicastDns(options: {
    interface: string
    bind?: string
    reuseAddr?: boolean
    loopback?: boolean
  }): MulticastDns
}
