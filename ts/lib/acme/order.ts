// One order at a certificate authority (RFC 8555), from the account to the certificate.
import { Client, crypto, type Authorization } from 'acme-client'
import { request } from 'undici'
import { reasonOf, SwarmError } from '../errors.js'
import type { Certificate } from '../native.js'
import type { Challenges, ChallengeType } from './challenges.js'

export interface OrderOptions {
  /** The URL of the authority's directory. */
  directory: string
  /** For what the authority has to say; null: it is told none. */
  email: string | null
  /** PEM. */
  accountKey: string
  names: readonly string[]
  challenge: ChallengeType
  challenges: Pick<Challenges, 'put' | 'remove'>
  signal: AbortSignal
}

/** How often, and after which waits in milliseconds, the authority is asked whether it is done. */
const POLL = { backoffAttempts: 20, backoffMin: 500, backoffMax: 15_000 }
const REACH_MS = 15_000
const WILDCARD = /^\*\./

/** A P-256 key in PEM, for an account or a certificate. */
export async function makeKey(): Promise<Buffer> {
  return await crypto.createPrivateEcdsaKey('P-256')
}

/** The library tries an authority that can't be reached for more than a minute, and then loses the reason. */
async function reach(directory: string): Promise<void> {
  const { body, statusCode } = await request(directory, { headersTimeout: REACH_MS, bodyTimeout: REACH_MS }).catch((cause: unknown) => {
    throw new SwarmError('ACME_FAILED', `the certificate authority cannot be reached: ${reasonOf(cause)}`, { cause })
  })
  await body.dump()
  if (statusCode !== 200) throw new SwarmError('ACME_FAILED', `the certificate authority's directory answers ${statusCode}`)
}

/** A certificate for the names, with a key of its own. Rejects with what the authority says. */
export async function order(options: OrderOptions): Promise<Certificate> {
  const { accountKey, directory, email, names, signal } = options
  await reach(directory)
  const client = new Client({ directoryUrl: directory, accountKey, ...POLL })
  // An account that is there already is updated, and an update has to say something.
  await client.createAccount({ termsOfServiceAgreed: true, contact: email === null ? [] : [`mailto:${email}`] })
  const placed = await client.createOrder({ identifiers: names.map((value) => ({ type: 'dns', value })) })
  const tokens: string[] = []
  try {
    const authorizations = await client.getAuthorizations(placed)
    signal.throwIfAborted()
    await Promise.all(authorizations.filter(({ status }) => status === 'pending').map((authorization) => prove(client, authorization, options, tokens)))
    const [key, csr] = await crypto.createCsr({ altNames: [...names] }, await makeKey())
    await client.finalizeOrder(placed, csr)
    return { chain: Buffer.from(await client.getCertificate(placed)), key }
  } finally {
    for (const token of tokens) await options.challenges.remove(token)
  }
}

/** Shows that a name is ours. */
async function prove(client: Client, authorization: Authorization, { challenge: type, challenges, signal }: OrderOptions, tokens: string[]): Promise<void> {
  const { value: name } = authorization.identifier
  const challenge = authorization.challenges.find((offered) => offered.type === type)
  if (challenge === undefined) throw new SwarmError('ACME_FAILED', `the certificate authority offers no ${type} for ${name}`)
  tokens.push(challenge.token)
  const text = await client.getChallengeKeyAuthorization(challenge)
  await challenges.put(challenge.token, { type, name: name.toLowerCase().replace(WILDCARD, ''), text })
  signal.throwIfAborted()
  await client.completeChallenge(challenge)
  await client.waitForValidStatus(challenge)
}
