// Keys of what belongs to a function. A function's name has neither sign, so no key is a function's name:
//
//   <name>:<number>             a published version (a function's record)
//   <name>:<alias>              an alias
//   <name>!<what>[:<qualifier>] what else AWS Lambda's API knows of it: tags, policy, url, events, runtime
//   !route:<route key>          a route: no function's part, but the mesh's
//   !access-key:<id>            an access key
//   !schedule:<name>            a schedule
//   !revoked:<public key>       an edge that is no edge of this mesh any more
//   !certificate:<id>           a certificate that a certificate authority issued, for the names with that digest
//   !acme-account:<id>          the mesh's account at the certificate authority with that digest
//   !challenge:<token>          what shows to a certificate authority that a name is the mesh's
//   !cors                       what routes say to pages of other origins
//
// Each is a record of its own: changes of different parts, made on two edges at once, both count.

export const isPart = (key: string): boolean => /[:!]/.test(key)

export const qualifiedKey = (name: string, qualifier: string): string => `${name}:${qualifier}`

export const attributeKey = (name: string, what: string, qualifier = '$LATEST'): string => `${name}!${what}:${qualifier}`

const ROUTE = '!route:'
const ACCESS_KEY = '!access-key:'
export const keyOfAccessKey = (id: string): string => ACCESS_KEY + id

/** The access key's id, or null: no access key's record. */
export const accessKeyOf = (key: string): string | null => (key.startsWith(ACCESS_KEY) ? key.slice(ACCESS_KEY.length) : null)

const SCHEDULE = '!schedule:'
export const keyOfSchedule = (name: string): string => SCHEDULE + name

/** The schedule's name, or null: no schedule's record. */
export const scheduleOf = (key: string): string | null => (key.startsWith(SCHEDULE) ? key.slice(SCHEDULE.length) : null)

const REVOKED = '!revoked:'
export const keyOfRevocation = (edgeId: string): string => REVOKED + edgeId

/** The edge's public key, or null: no revocation's record. */
export const revocationOf = (key: string): string | null => (key.startsWith(REVOKED) ? key.slice(REVOKED.length) : null)

export const keyOfCertificate = (id: string): string => `!certificate:${id}`
export const keyOfAcmeAccount = (id: string): string => `!acme-account:${id}`

const CHALLENGE = '!challenge:'
export const keyOfChallenge = (token: string): string => CHALLENGE + token

/** Whether it is what {@link keyOfChallenge} makes. */
export const isChallenge = (key: string): boolean => key.startsWith(CHALLENGE)

export const CORS_KEY = '!cors'
export const keyOfRoute = (route: string): string => ROUTE + route

/** The route's key, or null: not a route's record. */
export const routeOf = (key: string): string | null => (key.startsWith(ROUTE) ? key.slice(ROUTE.length) : null)

/** 3 of `hello:3`; null: no version's key. */
export const versionOf = (key: string): number | null => {
  const [, number] = /^[^:!]+:(\d+)$/.exec(key) ?? []
  return number === undefined ? null : Number(number)
}
