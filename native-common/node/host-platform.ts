/**
 * The platform that runs this code. Bundlers that fold constants (Turbopack) write the platform of the build machine in
 * place of `process.platform`, and cut out the code for every other one. They do not follow this detour.
 */
export function hostPlatform(): NodeJS.Platform {
  return Reflect.get(process, 'platform');
}
