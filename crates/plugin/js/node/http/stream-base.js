// The legacy base class of HTTP messages: an event emitter that is a Stream.
import base from '../stream.js'

export const Stream = base.Stream
