// Why an address cannot be listened on, in words that name the variable to change.

import { codeOf, messageOf, SwarmError } from '../errors.js'
import { formatEndpoint } from './schemas.js'

/** Where a program was told to listen, and by which variables. */
export interface ListenAddress {
  host: string
  port: number
  hostVariable: string
  portVariable: string
}

/** What to throw when listening failed: ADDRESS_IN_USE or CONFIG_INVALID. */
export const listenError = (error: unknown, address: ListenAddress): SwarmError => {
  const { host, port, hostVariable, portVariable } = address
  switch (codeOf(error)) {
    case 'EADDRINUSE':
    case 'ADDRESS_IN_USE':
      return new SwarmError(
        'ADDRESS_IN_USE',
        `${portVariable} is ${port}, but something already listens on ${formatEndpoint(address)}; ` +
          `stop it, or set ${portVariable} to a free port`,
        { cause: error },
      )
    case 'EACCES':
      return new SwarmError(
        'CONFIG_INVALID',
        `${portVariable} is ${port}, which this user may not listen on; allowed: a port above 1023`,
        { cause: error },
      )
    default:
      return new SwarmError(
        'CONFIG_INVALID',
        `${hostVariable} is "${host}", which cannot be listened on (${messageOf(error)}); ` +
          'allowed: an address of this machine',
        { cause: error },
      )
  }
}
