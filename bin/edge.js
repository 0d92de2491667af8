#!/usr/bin/env node
// Launcher of ts/bin/edge.ts.
import { launch } from './launch.js'

launch('edge')
