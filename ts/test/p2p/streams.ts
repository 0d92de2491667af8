// Two ends of a Noise stream over TCP on loopback: what auth, rpc and peer are tested on.

import { once } from 'node:events'
import { connect, createServer } from 'node:net'

import HyperDHT, { type KeyPair } from 'hyperdht'
import NoiseSecretStream, { type SecretStream } from '@hyperswarm/secret-stream'

export interface Pair extends AsyncDisposable {
  initiator: SecretStream
  responder: SecretStream
}

/** With `keyPairs` of the initiator and the responder, or new ones. */
export const openPair = async (
  [initiatorKeys, responderKeys]: readonly [KeyPair, KeyPair] = [HyperDHT.keyPair(), HyperDHT.keyPair()],
): Promise<Pair> => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const accepted = once(server, 'connection')
  const client = connect(address.port, '127.0.0.1')
  const [socket] = (await accepted) as [typeof client]
  const initiator = new NoiseSecretStream(true, client, { keyPair: initiatorKeys })
  const responder = new NoiseSecretStream(false, socket, { keyPair: responderKeys })
  for (const stream of [initiator, responder]) stream.on('error', () => undefined)
  await Promise.all([once(initiator, 'open'), once(responder, 'open')])
  return {
    initiator,
    responder,
    [Symbol.asyncDispose]: async () => {
      initiator.destroy()
      responder.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
