// The regions an edge may say it is in, and how far apart they are.

export interface Region {
  readonly name: string
  /** Degrees, north and east positive. */
  readonly latitude: number
  readonly longitude: number
}

/** The region of an edge that does not say where it is. Drawn at 0°, 0°. */
export const LOCAL_REGION = 'local'

/** Continent and side, then the IATA code of the city's airport, whose position is the region's. */
export const REGIONS: readonly Region[] = [
  { name: 'us-west-sfo', latitude: 37.62, longitude: -122.38 },
  { name: 'us-west-lax', latitude: 33.94, longitude: -118.41 },
  { name: 'us-west-sea', latitude: 47.45, longitude: -122.31 },
  { name: 'us-central-dfw', latitude: 32.9, longitude: -97.04 },
  { name: 'us-central-ord', latitude: 41.98, longitude: -87.9 },
  { name: 'us-central-den', latitude: 39.86, longitude: -104.67 },
  { name: 'us-east-iad', latitude: 38.94, longitude: -77.46 },
  { name: 'us-east-jfk', latitude: 40.64, longitude: -73.78 },
  { name: 'us-east-atl', latitude: 33.64, longitude: -84.43 },
  { name: 'us-east-mia', latitude: 25.79, longitude: -80.29 },
  { name: 'ca-east-yyz', latitude: 43.68, longitude: -79.63 },
  { name: 'ca-west-yvr', latitude: 49.19, longitude: -123.18 },
  { name: 'mx-central-qro', latitude: 20.62, longitude: -100.19 },
  { name: 'sa-east-gru', latitude: -23.44, longitude: -46.47 },
  { name: 'sa-west-scl', latitude: -33.39, longitude: -70.79 },
  { name: 'sa-north-bog', latitude: 4.7, longitude: -74.15 },
  { name: 'eu-central-fra', latitude: 50.03, longitude: 8.57 },
  { name: 'eu-central-zrh', latitude: 47.46, longitude: 8.55 },
  { name: 'eu-central-waw', latitude: 52.17, longitude: 20.97 },
  { name: 'eu-west-ams', latitude: 52.31, longitude: 4.76 },
  { name: 'eu-west-cdg', latitude: 49.01, longitude: 2.55 },
  { name: 'eu-west-dub', latitude: 53.42, longitude: -6.27 },
  { name: 'eu-west-lhr', latitude: 51.47, longitude: -0.45 },
  { name: 'eu-south-mad', latitude: 40.47, longitude: -3.56 },
  { name: 'eu-south-mxp', latitude: 45.63, longitude: 8.72 },
  { name: 'eu-north-arn', latitude: 59.65, longitude: 17.92 },
  { name: 'me-central-dxb', latitude: 25.25, longitude: 55.36 },
  { name: 'me-west-tlv', latitude: 32.01, longitude: 34.89 },
  { name: 'af-south-jnb', latitude: -26.14, longitude: 28.25 },
  { name: 'af-east-nbo', latitude: -1.32, longitude: 36.93 },
  { name: 'af-west-los', latitude: 6.58, longitude: 3.32 },
  { name: 'ap-south-bom', latitude: 19.09, longitude: 72.87 },
  { name: 'ap-southeast-sin', latitude: 1.36, longitude: 103.99 },
  { name: 'ap-southeast-cgk', latitude: -6.13, longitude: 106.66 },
  { name: 'ap-southeast-syd', latitude: -33.95, longitude: 151.18 },
  { name: 'ap-southeast-akl', latitude: -37.01, longitude: 174.79 },
  { name: 'ap-east-hkg', latitude: 22.31, longitude: 113.91 },
  { name: 'ap-northeast-nrt', latitude: 35.77, longitude: 140.39 },
  { name: 'ap-northeast-kix', latitude: 34.43, longitude: 135.24 },
  { name: 'ap-northeast-icn', latitude: 37.46, longitude: 126.44 },
  { name: LOCAL_REGION, latitude: 0, longitude: 0 },
]

const BY_NAME = new Map(REGIONS.map(region => [region.name, region]))

const EARTH_RADIUS_KM = 6371
/** A quarter of the circumference: the mean distance of two points on a sphere. */
const UNKNOWN_KM = (Math.PI / 2) * EARTH_RADIUS_KM

/** Makes regions of the operator's own known in this process; one of a name in the table takes its place. */
export const addRegions = (regions: readonly Region[]): void => {
  for (const region of regions) BY_NAME.set(region.name, region)
}

export const isRegion = (name: string): boolean => BY_NAME.has(name)

/** The region of that name, or null. */
export const regionOf = (name: string): Region | null => BY_NAME.get(name) ?? null

/**
 * Great-circle distance of two regions, in km. A region that is not in the table (an edge of a later version may name
 * one), and `local` seen from anywhere else, count as neither near nor far: {@link UNKNOWN_KM}.
 */
export const distanceKm = (from: string, to: string): number => {
  if (from === to) return 0
  const a = BY_NAME.get(from)
  if (a === undefined || from === LOCAL_REGION) return UNKNOWN_KM
  return distanceToKm(a, to)
}

/** Great-circle distance of a place (degrees) and a region, in km; {@link UNKNOWN_KM} as above. */
export const distanceToKm = (a: Pick<Region, 'latitude' | 'longitude'>, to: string): number => {
  const b = BY_NAME.get(to)
  if (b === undefined || to === LOCAL_REGION) return UNKNOWN_KM
  const radians = Math.PI / 180
  const half = (x: number, y: number) => Math.sin(((y - x) * radians) / 2) ** 2
  const haversine =
    half(a.latitude, b.latitude) +
    Math.cos(a.latitude * radians) * Math.cos(b.latitude * radians) * half(a.longitude, b.longitude)
  return 2 * EARTH_RADIUS_KM * Math.asin(Math.min(1, Math.sqrt(haversine)))
}
