#!/usr/bin/env node
// Launcher of ts/bin/dns.ts.
import { launch } from './launch.js'

launch('dns')
