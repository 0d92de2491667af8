#!/usr/bin/env node
// Launcher of ts/bin/proxy.ts.
import { launch } from './launch.js'

launch('proxy')
