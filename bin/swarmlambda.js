#!/usr/bin/env node
// Launcher of ts/bin/swarmlambda.ts.
import { launch } from './launch.js'

launch('swarmlambda')
