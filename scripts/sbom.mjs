/**
 * `npm run sbom`: a bill of materials (CycloneDX 1.6, JSON) for each published package, in
 * `node_modules/.cache/sbom/<name>.cdx.json`. It lists what npm installs along with the package, in the versions that this
 * workspace is tested with, and what its addon is compiled with. Each is checked against CycloneDX's own schema. CycloneDX's
 * library does the work. Not cdxgen (12.8, 186 packages, 284 MB): of a package in a workspace it lists direct dependencies
 * only, optional peers as if they were installed, and nothing that is compiled in.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import * as CycloneDx from '@cyclonedx/cyclonedx-library';
import { directDependencies, integrities, thirdPartyOf } from './third-party.mjs';
import { publishedPackages, root } from './workspace.mjs';

const { Contrib, Enums, Models, Serialize, Spec, Validation } = CycloneDx;
const FOLDER = resolve(root, 'node_modules/.cache/sbom');
const VERSION = Spec.Spec1dot6;

const licences = new Contrib.License.Factories.LicenseFactory(() => {
  throw new Error('No package here has a licence expression.');
});
const references = new Contrib.FromNodePackageJson.Factories.ExternalReferenceFactory();
const components = new Contrib.FromNodePackageJson.Builders.ComponentBuilder(references, licences);
const hashes = integrities();

function component(manifest) {
  const id = `${manifest.name}@${manifest.version}`;
  const made = components.makeComponent(manifest, Enums.ComponentType.Library);
  made.bomRef.value = id;
  made.purl = `pkg:npm/${manifest.name.replace('@', '%40')}@${manifest.version}`;
  const integrity = hashes.get(id);
  if (integrity !== undefined) {
    made.hashes.set(Enums.HashAlgorithm['SHA-512'], Buffer.from(integrity, 'base64').toString('hex'));
  }
  return made;
}

function billOf({ folder, manifest }) {
  const { compiledIn, dependencies } = thirdPartyOf(folder);
  const bill = new Models.Bom();
  bill.serialNumber = Contrib.Bom.Utils.randomSerialNumber();
  bill.metadata.timestamp = new Date();
  bill.metadata.lifecycles.add(Enums.LifecyclePhase.Build);
  const own = JSON.parse(readFileSync(resolve(root, 'node_modules/@cyclonedx/cyclonedx-library/package.json'), 'utf8'));
  bill.metadata.tools.components.add(component(own));
  bill.metadata.component = component(manifest);

  const made = new Map([[folder, bill.metadata.component]]);
  for (const one of [...compiledIn, ...dependencies]) {
    made.set(one.folder, component(one.manifest));
    bill.components.add(made.get(one.folder));
  }
  for (const one of compiledIn) {
    made.get(one.folder).properties.add(new Models.Property('msal-mi:linked', 'statically, into prebuilds/*.node'));
    bill.metadata.component.dependencies.add(made.get(one.folder).bomRef);
  }
  for (const [from, dependent] of made) {
    if (compiledIn.some((one) => one.folder === from)) continue;
    for (const to of directDependencies(from)) dependent.dependencies.add(made.get(to).bomRef);
  }
  return bill;
}

rmSync(FOLDER, { recursive: true, force: true });
mkdirSync(FOLDER, { recursive: true });
const serializer = new Serialize.JsonSerializer(new Serialize.JSON.Normalize.Factory(VERSION));
const validator = new Validation.JsonStrictValidator(VERSION.version);
for (const published of publishedPackages()) {
  const text = serializer.serialize(billOf(published), { sortLists: true, space: 2 });
  const path = resolve(FOLDER, `${published.manifest.name}.cdx.json`);
  writeFileSync(path, `${text}\n`);
  const problem = await validator.validate(text);
  const { components: listed } = JSON.parse(text);
  console.log(
    `${published.manifest.name}: ${listed?.length ?? 0} components, ${problem === null ? 'valid' : 'INVALID'}`,
  );
  if (problem === null) continue;
  console.error(problem);
  process.exitCode = 1;
}
