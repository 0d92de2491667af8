// The WinterTC minimum common API. Each module puts its classes on the global object.
import { define } from '../host.js'
import { URLPattern } from 'urlpattern-polyfill/urlpattern'
import './performance.js'
import { DOMException } from './dom-exception.js'
import * as events from './events.js'
import { AbortController, AbortSignal } from './abort.js'
import './streams.js'
import './encoding.js'
import './url.js'
import './headers.js'
import './blob.js'
import './form-data.js'
import './request.js'
import './response.js'
import './fetch.js'
import './structured-clone.js'
import './message-channel.js'
import './compression.js'
import './crypto/index.js'

const { Event, CustomEvent, EventTarget, MessageEvent, ErrorEvent, CloseEvent, ProgressEvent, PromiseRejectionEvent } = events
define({
  DOMException, Event, CustomEvent, EventTarget, MessageEvent, ErrorEvent, CloseEvent, ProgressEvent, PromiseRejectionEvent,
  AbortController, AbortSignal, URLPattern, self: globalThis, global: globalThis,
})
